import { assert, assertEquals } from "@std/assert";
import { AIServiceClient } from "../../src/clients/mod.ts";
import { databasePlace } from "../support/database.ts";
import { startModelServer, streamed } from "../support/model_server.ts";
import { ServerProcess } from "../support/server_process.ts";
import { tempDir } from "../support/temp_dir.ts";

Deno.test({
  name: "main records what a model server answers with AI_RECORD, and answers the same with AI_REPLAY when that server is gone",
  fn: async () => {
    await using place = await databasePlace("postgres");
    assert(place.config.kind === "postgres");
    await using folder = await tempDir();
    const records = `${folder.path}/records`;
    const models = startModelServer(() => streamed(["Tea ", "is hot 🍵."]));
    const settings = { AI_BASE_URL: models.baseUrl, AI_MODEL: "tiny", AI_API_KEY: "sk-never-to-be-seen" };
    const env = { ...settings, SERVICES: "ai", DATABASE_URL: place.config.url };
    const ask = async (more: Readonly<Record<string, string>>, prompt = "How is tea?") => {
      await using server = new ServerProcess({ env: { ...env, ...more } });
      await using client = new AIServiceClient({ address: (await server.ready()).grpcAddress });
      return await client.generateResponse({ prompt }).then(({ response }) => response, (error) => String(error.message));
    };
    assertEquals(await ask({ AI_RECORD: records }), "Tea is hot 🍵.");
    await models[Symbol.asyncDispose]();
    const [file, ...others] = (await Array.fromAsync(Deno.readDir(records))).map(({ name }) => `${records}/${name}`);
    assertEquals(others, []);
    assert(!(await Deno.readTextFile(file ?? "")).includes("sk-never"));
    assertEquals(await ask({ AI_REPLAY: records }), "Tea is hot 🍵.");
    assert((await ask({ AI_REPLAY: records }, "And coffee?")).startsWith("No exchange is recorded for this request"));
  },
});
