import type { Plugin, PluginStorage } from "@chat/system/plugin";

/** Answers questions in the place of people. It keeps what it knows in the database, which takes the permission `storage`. */
export default {
  actions: {
    async learn({ question, answer }: { question: string; answer: string }, { storage }) {
      await storage.set(`answer/${keyOf(question)}`, answer);
      return {};
    },
    async asked({ question }: { question: string }, { storage }) {
      return { times: Number((await storage.get(`count/${keyOf(question)}`))?.value ?? 0) };
    },
  },
  hooks: {
    async "message.before_create"(draft, { storage, dryRun }) {
      const key = keyOf(draft.content);
      const known = await storage.get(`answer/${key}`);
      if (known === undefined) return { decision: "allow" };
      if (!dryRun) await count(storage, `count/${key}`);
      return { decision: "respond", reason: "The question is known", response: known.value };
    },
  },
} satisfies Plugin;

/** The same for all ways in which a question is written. */
function keyOf(question: string): string {
  return question.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim().slice(0, 50);
}

/** Several may count at once: whoever comes too late counts again. */
async function count(storage: PluginStorage, key: string): Promise<void> {
  for (;;) {
    const before = await storage.get(key);
    if (await storage.set(key, String(Number(before?.value ?? 0) + 1), { ifVersion: before?.version ?? 0 })) return;
  }
}
