/**
 * A real Chromium without a screen, from Debian; `CHROMIUM_PATH` names another one.
 *
 * @module
 */
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";

/** Generous, because the machine may be busy. */
const PATIENCE_MS = 30_000;

/** A browser that closes with the test. */
export class TestBrowser implements AsyncDisposable {
  readonly #browser: Browser;
  /** What no page may cause: errors of its script, and whatever the content security policy had to stop. */
  readonly complaints: string[] = [];

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** Starts it. */
  static async start(): Promise<TestBrowser> {
    // Playwright looks for Windows behind Linux, in places of /proc that take every permission, unless this is set when it is loaded.
    Deno.env.set("__IS_WSL_TEST__", "1");
    const { chromium } = await import("playwright-core");
    const executablePath = Deno.env.get("CHROMIUM_PATH") ?? "/usr/bin/chromium";
    // Its sandbox cannot be had as root or in most containers; it sees nothing but the test's own server.
    return new TestBrowser(await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] }));
  }

  /** A user of their own, with cookies and storage of their own, who looks at `url`. */
  async open(url: string, options: BrowserContextOptions = {}): Promise<{ readonly page: Page; readonly context: BrowserContext }> {
    const context = await this.#browser.newContext({ locale: "en-GB", ...options });
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    page.on("pageerror", (error) => this.complaints.push(`${error}`));
    page.on("console", (message) => {
      // A refused or broken request is told on the console by the browser itself; what the page makes of it is looked at where it matters.
      if (message.type() === "error" && !/^(Failed to load resource|WebSocket connection to)/.test(message.text())) {
        this.complaints.push(message.text());
      }
    });
    await page.goto(url);
    return { page, context };
  }

  /** Closes it with all its pages. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}
