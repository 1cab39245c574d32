import { assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { packFolder } from "../../scripts/plugin/package.ts";
import { TestBrowser } from "../support/browser.ts";
import { ServerProcess } from "../support/server_process.ts";
import { dataDir } from "../support/database.ts";

const WHALES = "# Whales\n\nThe blue whale is the largest animal that has ever lived.\n\n# Food\n\nThe blue whale eats krill.\n";

Deno.test("the page indexes files with their progress, finds them, answers from them and opens what an answer cites; it installs plugins, too", async (t) => {
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

  await t.step(
    "installs a plugin once somebody agrees to what it asks for, tries its hooks, shows its answer, and switches it off",
    async () => {
      const { archive } = await packFolder(new URL("../examples/faq", import.meta.url).pathname);
      await page.goto(`${url}/#/plugins`);
      await page.getByText("No plugins are installed").waitFor();
      const file = { name: "faq-1.0.0.chatplugin", mimeType: "application/json", buffer: Buffer.from(archive) };
      await page.getByLabel("Install a plugin from its archive").setInputFiles(file);
      await page.getByRole("button", { name: "Install", exact: true }).click();
      await page.getByText("faq asks for storage, every room.").waitFor();
      await page.getByRole("button", { name: "Grant and install" }).click();
      await page.getByText("Installed faq 1.0.0").waitFor();
      const learn = { action: "learn", input_json: JSON.stringify({ question: "Where is the key?", answer: "Under the mat" }) };
      const executed = await fetch(`${url}/v1/plugins/faq/execute`, {
        ...{ method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(learn) },
      });
      assertEquals((await executed.json()).output_json, "{}");
      await page.getByLabel("What would they decide about this message").fill("Where is the key?");
      await page.getByRole("button", { name: "Try" }).click();
      await page.getByText("All together: respond").waitFor();
      await page.goto(`${url}/#/rooms/general`);
      await page.getByLabel("Message", { exact: true }).fill("Where is the key?");
      await page.keyboard.press("Enter");
      await page.getByLabel("Not sent yet").getByText("Under the mat").waitFor();
      await page.goto(`${url}/#/plugins`);
      await page.getByRole("button", { name: "Disable faq" }).click();
      await page.getByRole("button", { name: "Enable faq" }).waitFor();
    },
  );
  assertEquals(browser.complaints, []);
});
