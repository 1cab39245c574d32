import { ApiError, ask, sentenceOf } from "./api.ts";
import { fill, h, notice } from "./dom.ts";
import type { View } from "./view.ts";

/** `chat.PluginResponse`, as far as it is shown. */
interface Plugin {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly state: string;
  readonly problem?: string;
}

/** The plugins and how they are. */
export const pluginsView: View = {
  title: "Plugins",
  open(main, _page, _parameter, signal) {
    const list = h("section", { "aria-label": "Installed plugins" }, h("p", { class: "quiet" }, "Looking"));
    main.append(h("div", { class: "view" }, h("h1", {}, "Plugins"), list));
    show(list, signal);
  },
};

async function show(list: HTMLElement, signal: AbortSignal): Promise<void> {
  try {
    const { plugins } = await ask<{ readonly plugins: readonly Plugin[] }>("/v1/plugins", { signal });
    if (plugins.length === 0) return fill(list, h("p", { class: "quiet" }, "No plugins are installed"));
    fill(list, h("ul", { class: "cards" }, ...plugins.map(item)));
  } catch (error) {
    if (signal.aborted) return;
    const isMissing = error instanceof ApiError && error.isMissing;
    fill(list, isMissing ? notice("This server has no plugins yet.") : notice(sentenceOf(error), "error"));
  }
}

function item({ name, version, description, state, problem }: Plugin): HTMLElement {
  return h(
    "li",
    { class: "card" },
    h("h2", {}, `${name} ${version}`, h("span", { class: `badge ${state}` }, state)),
    description ? h("p", {}, description) : undefined,
    problem ? notice(problem, "error") : undefined,
  );
}
