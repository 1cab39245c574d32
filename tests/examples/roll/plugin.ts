import type { Plugin } from "@chat/system/plugin";

/** Rolls dice. It asks for no permission, so all that it can do is answer. */
export default {
  actions: {
    roll({ args = "" }: { args?: string }) {
      const [, count = "1", sides = "6"] = /^(\d{1,2})?d?(\d{1,3})?$/.exec(args.trim()) ?? [, "0"];
      // What it throws is told to whoever called.
      if (Number(count) < 1 || Number(sides) < 2) throw new Error(`Dice are written like 2d6, got ${args}`);
      const rolls = Array.from({ length: Number(count) }, () => die(Number(sides)));
      const total = rolls.reduce((sum, roll) => sum + roll, 0);
      return { text: `${count}d${sides}: ${rolls.join(" + ")} = ${total}`, total };
    },
    async *series({ rolls }: { rolls: number }, { signal }) {
      for (let count = 0; count < rolls && !signal.aborted; count++) yield die(6);
    },
  },
} satisfies Plugin;

function die(sides: number): number {
  return 1 + crypto.getRandomValues(new Uint32Array(1))[0]! % sides;
}
