import { assert, assertEquals, assertMatch } from "@std/assert";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { testKeys } from "../support/auth.ts";
import { TestBrowser } from "../support/browser.ts";
import { withGateway } from "./rest_server.ts";

const SECTIONS = ["rooms/general", "search/hello", "assistant", "documents", "plugins", "system"] as const;
const PHONE = { width: 360, height: 640 };

/** Waits until the section shows what it found. */
async function settled(page: Page, section: string): Promise<void> {
  await page.locator("main h1").waitFor();
  if (section.startsWith("rooms")) await page.locator(".entries > li").first().waitFor();
  if (section.startsWith("search")) await page.getByText("1 message found").waitFor();
  if (section === "system") await page.getByText("Everything is in order").waitFor();
}

/** What axe finds of weight, as sentences. */
async function problemsOf(page: Page): Promise<readonly string[]> {
  // By the debugger and not by a script element, which the page's own policy would refuse.
  const report = await page.evaluate(`${axe.source}; axe.run()`) as axe.AxeResults;
  return report.violations.filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} at ${target.join(" ")}: ${failureSummary}`));
}

Deno.test("every section of the page passes axe in light and in dark, and is no wider than a phone", async (t) => {
  await withGateway(async (server) => {
    await server.say("general", `hello ${"wide".repeat(200)}`, "ann");
    await using browser = await TestBrowser.start();
    for (const colorScheme of ["light", "dark"] as const) {
      const { page } = await browser.open(server.origin, { colorScheme, viewport: PHONE, reducedMotion: "reduce" });
      for (const section of SECTIONS) {
        await t.step(`${section}, ${colorScheme}`, async () => {
          await page.goto(`${server.origin}/#/${section}`);
          await settled(page, section);
          assertEquals(await problemsOf(page), []);
          const width = await page.evaluate("document.documentElement.scrollWidth");
          assertEquals(width, PHONE.width);
        });
      }
    }
    assertEquals(browser.complaints, []);
  });
});

Deno.test("the page can be used by keyboard alone: a room is joined, a message written, changed and deleted", async () => {
  await withGateway(async (server) => {
    await using browser = await TestBrowser.start();
    const { page } = await browser.open(server.origin);
    await page.locator("#draft").waitFor();
    await tabTo(page, "Join or create a room");
    await page.keyboard.type("quiet");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "quiet", exact: true }).waitFor();
    await tabTo(page, "Name");
    await page.keyboard.type("ann");
    await tabTo(page, "Message");
    await page.keyboard.type("first");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("second line");
    await page.keyboard.press("Enter");
    const entry = page.locator(".entries .content");
    await entry.filter({ hasText: "second line" }).waitFor();
    await tabTo(page, "Edit the message “first\nsecond line”");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Control+A");
    await page.keyboard.type("other words");
    await page.keyboard.press("Enter");
    await entry.filter({ hasText: "other words" }).waitFor();
    await tabTo(page, "Delete the message “other words”");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    await entry.waitFor({ state: "detached" });
    assertEquals(browser.complaints, []);
  });
});

/** What has the focus, asked in the browser, whose globals this program does not have. */
const FOCUSED = `(() => {
  const element = document.activeElement;
  if (element === null || element === document.body) return null;
  const label = element.getAttribute("aria-label") ?? (element.closest("label")?.firstChild ?? element).textContent;
  return { label, outline: getComputedStyle(element).outlineStyle };
})()`;

/** Presses Tab until what has the focus has this name; whatever has it on the way must show so. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 40; presses++) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(FOCUSED) as { readonly label: string; readonly outline: string } | null;
    if (focused === null) continue;
    assertEquals(focused.outline, "solid", `No visible focus on ${focused.label}`);
    if (focused.label === name) return;
  }
  throw new Error(`Tab does not lead to ${name}`);
}

Deno.test("the page asks for a key where callers must have one, keeps it from scripts, and forgets it", async () => {
  await using keys = await testKeys();
  const key = await keys.make(["messages:read", "messages:write"]);
  await withGateway(async (server) => {
    await using browser = await TestBrowser.start();
    const { page, context } = await browser.open(server.origin);
    await page.getByLabel("API key or token").fill("chat_wrong");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").waitFor();
    await page.getByLabel("API key or token").fill(key);
    await page.keyboard.press("Enter");
    await page.locator('#connection[data-state="live"]').waitFor();
    await page.getByLabel("Message", { exact: true }).fill("under my own name");
    await page.keyboard.press("Enter");
    await page.locator(".entries .author", { hasText: /^ann$/ }).waitFor();
    const [cookie] = await context.cookies();
    assertEquals([cookie?.name, cookie?.httpOnly, cookie?.sameSite], ["chat_session", true, "Strict"]);
    const stored = await page.evaluate("JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + document.cookie");
    assert(!`${stored}`.includes(key));
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("API key or token").waitFor();
    assertEquals(await context.cookies(), []);
    assertEquals(browser.complaints, []);
  }, { authenticator: keys.authenticator });
});

Deno.test("the page says which parts this server does not have", async () => {
  await withGateway(async (server) => {
    await using browser = await TestBrowser.start();
    const { page } = await browser.open(`${server.origin}/#/plugins`);
    await page.getByText("This server has no plugins yet.").waitFor();
    await page.goto(`${server.origin}/#/assistant`);
    await page.getByLabel("Question").fill("Why?");
    await page.getByRole("button", { name: "Ask" }).click();
    await page.getByText("This server has no assistant yet.").waitFor();
    assertEquals(browser.complaints, []);
  });
});

Deno.test("the page is asked for anew and its files never again, and everything comes from the server itself", async () => {
  await withGateway(async ({ origin }) => {
    const page = await fetch(origin);
    const html = await page.text();
    assertMatch(page.headers.get("etag") ?? "", /^"[0-9a-f]+"$/);
    assertEquals(page.headers.get("cache-control"), "no-cache");
    const policy = page.headers.get("content-security-policy") ?? "";
    assertMatch(policy, /script-src 'self'; style-src 'self';.*require-trusted-types-for 'script'/);
    assert(!/unsafe|https?:/.test(policy), policy);
    const again = await fetch(origin, { headers: { "if-none-match": page.headers.get("etag") ?? "" } });
    assertEquals([again.status, await again.text()], [304, ""]);
    const addresses = [...html.matchAll(/(?:src|href)="([^#"]+)"/g)].map(([, address = ""]) => address);
    assert(addresses.length > 10);
    for (const address of new Set(addresses)) {
      const file = await fetch(new URL(address, origin));
      assertEquals([file.status, file.headers.get("cache-control")], [200, "public, max-age=31536000, immutable"], address);
      const text = await file.text();
      assert(!/(?:from |import\(|url\()["']?https?:/.test(text), address);
      assertEquals([...text.matchAll(/^import .* from "(?!\.\/\w+\.js")/gm)].length, 0, address);
    }
    const old = await fetch(`${origin}/page/0123/main.js`);
    assertEquals([old.status, (await old.json()).status], [404, 404]);
  });
});
