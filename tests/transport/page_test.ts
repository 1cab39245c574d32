import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Page } from "playwright-core";
import { TestBrowser } from "../support/browser.ts";
import { callContext } from "../support/call_context.ts";
import { PlainPluginService, PlainRegistry } from "../support/plugins.ts";
import { type TestGateway, withGateway } from "./rest_server.ts";

/** Runs `work` with a real browser and a gateway, and holds the pages to have caused no error. */
async function withPage(work: (browser: TestBrowser, server: TestGateway) => Promise<void>): Promise<void> {
  await withGateway(async (server) => {
    await using browser = await TestBrowser.start();
    await work(browser, server);
    assertEquals(browser.complaints, []);
  });
}

/** Writes as somebody, by the page. */
async function write(page: Page, name: string, content: string): Promise<void> {
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Message", { exact: true }).fill(content);
  await page.getByRole("button", { name: "Send" }).click();
}

/** What the log shows, once it shows `last`. */
async function contents(page: Page, last: string): Promise<readonly string[]> {
  const entries = page.locator(".entries .content");
  await entries.filter({ hasText: new RegExp(`^${last}$`) }).first().waitFor();
  return await entries.allTextContents();
}

async function isLive(page: Page): Promise<void> {
  await page.locator('#connection[data-state="live"]').waitFor();
}

Deno.test("the page lets two browsers talk, and shows what they edit and delete", async () => {
  await withPage(async (browser, server) => {
    const { page: ann } = await browser.open(server.origin);
    const { page: bob } = await browser.open(`${server.origin}/#/rooms/general`);
    await Promise.all([isLive(ann), isLive(bob)]);
    await write(ann, "ann", "hello");
    await contents(bob, "hello");
    await write(bob, "bob", "hello back");
    assertEquals(await contents(ann, "hello back"), ["hello", "hello back"]);
    await ann.getByRole("button", { name: "Edit the message “hello”" }).click();
    await ann.getByLabel("New text").fill("hello all");
    await ann.keyboard.press("Enter");
    assertEquals(await contents(bob, "hello all"), ["hello all", "hello back"]);
    assertEquals(await bob.getByText("edited").count(), 1);
    assertEquals(await bob.getByRole("button", { name: /^Edit/ }).count(), 1, "only what bob wrote is bob's to edit");
    await ann.getByRole("button", { name: /^Delete/ }).click();
    await ann.getByRole("button", { name: "Delete", exact: true }).click();
    await bob.locator(".entries .content", { hasText: "hello all" }).waitFor({ state: "detached" });
    assertEquals(await bob.locator(".entries .content").allTextContents(), ["hello back"]);
  });
});

Deno.test("the page shows what plugins answer, what they change, and why they let something not through", async () => {
  const registry = new PlainRegistry({
    ...{ name: "warden", hooks: [{}, { event: "command", command: "dice", action: "roll" }], actions: { roll: () => "You rolled a 6" } },
    hook: ({ draft }) => {
      if (draft!.content === "buy") return { decision: "drop", reason: "No advertising" };
      return draft!.content === "darn" ? { decision: "rewrite", reason: "Rude", draft: { ...draft!, content: "****" } } : {};
    },
  });
  await withGateway(async (server) => {
    await using browser = await TestBrowser.start();
    const { page } = await browser.open(server.origin);
    await isLive(page);
    const drafts = page.getByLabel("Not sent yet").locator("li");
    await write(page, "ann", "/dice now");
    await drafts.filter({ hasText: "warden answers you alone" }).filter({ hasText: "You rolled a 6" }).waitFor();
    await write(page, "ann", "buy");
    await drafts.filter({ hasText: "Not sent: The plugin warden does not let the message through: No advertising" }).waitFor();
    await write(page, "ann", "darn");
    assertEquals(await contents(page, "\\*\\*\\*\\*"), ["****"]);
    await page.reload();
    await page.locator(".entries .message").filter({ hasText: "changed by warden: Rude" }).waitFor();
    assertEquals(await page.locator(".entries .message").count(), 1);
  }, { message: { plugins: new PlainPluginService(registry) } });
});

Deno.test("the page misses nothing and shows nothing twice after its network was away, and sends what was written meanwhile once", async () => {
  await withPage(async (browser, server) => {
    const { page, context } = await browser.open(server.origin);
    await isLive(page);
    await server.say("general", "before");
    await contents(page, "before");
    await context.setOffline(true);
    await page.locator('#connection[data-state="lost"]').waitFor();
    await write(page, "ann", "from the tunnel");
    await page.getByText("Waiting: ").waitFor();
    const missed = Array.from({ length: 120 }, (_, index) => `missed ${index}`);
    for (const content of missed) await server.say("general", content, "bob");
    await context.setOffline(false);
    await isLive(page);
    await contents(page, "missed 119"); // what was written here may be stored, and shown, first
    assertEquals(await contents(page, "from the tunnel"), ["before", ...missed, "from the tunnel"]);
    await server.say("general", "after");
    assertEquals((await contents(page, "after")).slice(-2), ["from the tunnel", "after"]);
    assertEquals(await page.getByLabel("Not sent yet").locator("li").count(), 0);
  });
});

Deno.test("the page shows HTML in a message as text, and makes links of web addresses only", async () => {
  await withPage(async (browser, server) => {
    const hostile = [
      `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`,
      `javascript:document.title='owned' data:text/html,x`,
      `see https://example.com/a?b=1&c=%3Cb%3E, then "http://example.com/'onmouseover='x"`,
    ];
    for (const content of hostile) await server.say("general", content, "<b>eve</b>");
    const { page } = await browser.open(server.origin);
    const entries = page.locator(".entries .content");
    await entries.nth(2).waitFor();
    assertEquals(await entries.allTextContents(), hostile);
    assertEquals(await page.locator(".entries .author").first().textContent(), "<b>eve</b>");
    assertEquals(await page.locator(".entries :is(img, script, b)").count(), 0);
    const links = page.locator(".entries a");
    assertEquals(await links.evaluateAll((all) => all.map((link) => link.getAttribute("href"))), [
      "https://example.com/a?b=1&c=%3Cb%3E",
      "http://example.com/",
    ]);
    assertMatch(await links.first().getAttribute("rel") ?? "", /noopener/);
    assertEquals(await page.title(), "general · Chat");
  });
});

Deno.test("the page goes back through a long history with a bounded number of entries, and to the newest again", async () => {
  await withPage(async (browser, server) => {
    const total = 420;
    for (let index = 0; index < total; index++) {
      await server.service.createMessage({ room: "long", username: "ann", content: `message ${index}` }, callContext());
    }
    const { page } = await browser.open(`${server.origin}/#/rooms/long`);
    await contents(page, `message ${total - 1}`);
    const first = page.locator(".entries .content", { hasText: /^message 0$/ });
    for (let turn = 0; turn < 20 && await first.count() === 0; turn++) {
      const before = await page.locator(".entries .content").first().textContent() ?? "";
      await page.locator(".log").evaluate((log) => log.scrollTop = 0);
      await page.locator(".entries > li:first-child .content", { hasNotText: new RegExp(`^${before}$`) }).waitFor();
      assert(await page.locator(".entries > li").count() <= 300);
    }
    assertEquals(await first.count(), 1);
    await server.say("long", "new meanwhile");
    await page.getByRole("button", { name: "Newest messages" }).click();
    const shown = await contents(page, "new meanwhile");
    assertEquals(shown.slice(-2), [`message ${total - 1}`, "new meanwhile"]);
  });
});

Deno.test("the page finds messages and marks the words that were looked for", async () => {
  await withPage(async (browser, server) => {
    await server.say("general", "The quick brown fox", "ann");
    await server.say("general", "A slow red fox jumps", "bob");
    const { page } = await browser.open(`${server.origin}/#/search`);
    await page.getByLabel("Search for").fill("FOX red");
    await page.keyboard.press("Enter");
    const found = page.getByLabel("Messages found");
    await found.getByText("1 message found").waitFor();
    assertEquals(await found.locator("mark").allTextContents(), ["red", "fox"]);
    assertMatch(page.url(), /#\/search\/FOX%20red$/);
  });
});

Deno.test("the page counts what was not read in rooms that are not open", async () => {
  await withPage(async (browser, server) => {
    const { page } = await browser.open(`${server.origin}/#/rooms/lunch`);
    await isLive(page);
    await page.getByLabel("Join or create a room").fill("work");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "work" }).waitFor();
    await server.say("lunch", "soup");
    await server.say("lunch", "bread");
    await page.getByRole("link", { name: "lunch 2 unread" }).click();
    assertEquals(await contents(page, "bread"), ["soup", "bread"]);
    await page.getByRole("link", { name: "lunch", exact: true }).waitFor();
  });
});

Deno.test("the page tells who is in a room and who types there", async () => {
  await withPage(async (browser, server) => {
    const [{ page: ann }, { page: bob }] = [await browser.open(server.origin), await browser.open(server.origin)];
    await Promise.all([isLive(ann), isLive(bob)]);
    await write(ann, "ann", "hello");
    await contents(bob, "hello");
    await bob.getByLabel("Name", { exact: true }).fill("bob");
    await bob.getByLabel("Message", { exact: true }).pressSequentially("hel");
    await ann.getByText("bob is typing").waitFor();
    await bob.getByText("Here: ann, bob").waitFor();
    await ann.getByText("Here: ann, bob").waitFor();
    await bob.keyboard.press("Enter");
    await ann.getByText("bob is typing").waitFor({ state: "detached" });
    await bob.context().close();
    await ann.getByText("Here: ann", { exact: true }).waitFor();
  });
});
