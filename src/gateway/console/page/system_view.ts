import { sentenceOf } from "./api.ts";
import { fill, h, notice } from "./dom.ts";
import type { View } from "./view.ts";

const REFRESH_MS = 5_000;

/** `/readyz`. */
interface Readiness {
  readonly ok: boolean;
  readonly checks: Readonly<Record<string, { readonly ok: boolean; readonly problem?: string }>>;
}

/** How the services are, looked at again and again while it is shown. */
export const systemView: View = {
  title: "System",
  open(main, page, _parameter, signal) {
    const checks = h("section", { "aria-label": "Services" }, h("p", { class: "quiet" }, "Looking"));
    const { identity } = page;
    const who = identity.isChosen ? "Callers of this server need no credential." : `You are signed in as ${identity.name}.`;
    main.append(h("div", { class: "view" }, h("h1", {}, "System"), checks, h("p", { class: "quiet" }, who)));
    let before = "";
    const look = async () => {
      const shown = await readiness(signal);
      const text = JSON.stringify(shown);
      // A list that stays the same is left alone, so that nobody is read the same again.
      if (signal.aborted || text === before) return;
      before = text;
      fill(checks, ...(typeof shown === "string" ? [notice(shown, "error")] : states(shown)));
    };
    const timer = setInterval(look, REFRESH_MS);
    signal.addEventListener("abort", () => clearInterval(timer));
    look();
  },
};

/** 503 has the same body as 200. */
async function readiness(signal: AbortSignal): Promise<Readiness | string> {
  try {
    return await (await fetch("/readyz", { signal })).json();
  } catch (error) {
    return error instanceof TypeError ? "The server cannot be reached" : sentenceOf(error);
  }
}

function states({ ok, checks }: Readiness): readonly HTMLElement[] {
  const items = Object.entries(checks).map(([name, check]) =>
    h(
      "li",
      { class: "card row" },
      h("span", { class: "grow" }, name),
      h("span", { class: check.ok ? "badge enabled" : "badge failing" }, check.ok ? "in order" : check.problem ?? "not in order"),
    )
  );
  const whole = ok ? "Everything is in order" : "Something is not in order";
  return [h("p", { role: "status", class: "whole" }, whole), h("ul", { class: "cards" }, ...items)];
}
