import { assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { TestBrowser } from "../support/browser.ts";
import { ServerProcess } from "../support/server_process.ts";
import { dataDir } from "../support/database.ts";

const WHALES = "# Whales\n\nThe blue whale is the largest animal that has ever lived.\n\n# Food\n\nThe blue whale eats krill.\n";

Deno.test("the page indexes files with their progress, finds them, answers from them and opens what an answer cites", async (t) => {
  await using directory = await dataDir();
  await using server = new ServerProcess({ env: { DATA_DIR: directory.path } });
  const { url } = await server.ready();
  await using browser = await TestBrowser.start();
  const { page } = await browser.open(`${url}/#/documents`);

  await t.step("indexes what can be indexed, and says what cannot", async () => {
    await page.getByText("No documents yet").waitFor();
    await page.getByLabel("Choose files").setInputFiles([
      { name: "whales.md", mimeType: "text/markdown", buffer: Buffer.from(WHALES) },
      { name: "program.exe", mimeType: "application/octet-stream", buffer: Buffer.from([0x4d, 0x5a]) },
    ]);
    await page.getByText("Indexed, 2 passages").waitFor();
    await page.getByText("Not indexed: Only text, Markdown, HTML and PDF can be indexed").waitFor();
    assertEquals(await page.getByLabel("Upload of whales.md").getAttribute("value"), "1");
    await page.getByText("1 document", { exact: true }).waitFor();
  });

  await t.step("finds and marks the words, and opens the passage", async () => {
    await page.goto(`${url}/#/search/largest`);
    const found = page.getByLabel("Documents found");
    await found.getByText("1 passage found").waitFor();
    assertEquals(await found.locator("mark").allTextContents(), ["largest"]);
    await found.getByRole("button", { name: "Whales" }).click();
    await page.locator("dialog mark", { hasText: "largest animal" }).waitFor();
    await page.keyboard.press("Escape");
    await page.locator("dialog").waitFor({ state: "detached" });
  });

  await t.step("answers, and opens what the answer cites", async () => {
    await page.goto(`${url}/#/assistant`);
    await page.getByLabel("Question").fill("What does the blue whale eat?");
    await page.keyboard.press("Enter");
    const answer = page.getByLabel("Answer", { exact: true });
    await answer.getByText(/^By /).waitFor();
    assertMatch(await answer.locator(".content").textContent() ?? "", /krill/);
    await answer.getByRole("button", { name: "Source 1: Whales" }).first().click();
    await page.locator("dialog mark", { hasText: "krill" }).waitFor();
  });

  await t.step("tells the mood of messages", async () => {
    await page.goto(`${url}/#/rooms/general`);
    await page.locator("dialog").waitFor({ state: "detached" });
    await page.getByLabel("Name", { exact: true }).fill("ann");
    await page.getByLabel("Message", { exact: true }).fill("I love this, it is wonderful!");
    await page.keyboard.press("Enter");
    await page.locator(".mood", { hasText: "positive" }).waitFor();
  });
  assertEquals(browser.complaints, []);
});
