import { ApiError, ask, sentenceOf } from "./api.ts";
import { fill, h, notice } from "./dom.ts";
import { installForm, type Permissions, permissionsInWords } from "./plugin_install.ts";
import type { Page, View } from "./view.ts";

/** `chat.PluginResponse`, as far as it is shown. */
interface Plugin {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly state: string;
  readonly problem?: string;
  readonly granted?: Permissions;
}

/** `chat.RunHooksResponse`, as far as it is shown. */
interface Decisions {
  readonly outcome: string;
  readonly decisions: readonly { readonly plugin: string; readonly decision: string; readonly reason: string; readonly failure: string }[];
}

/** The plugins and how they are, and what they would decide about a message. */
export const pluginsView: View = {
  title: "Plugins",
  open(main, page, _parameter, signal) {
    const list = h("section", { "aria-label": "Installed plugins" }, h("p", { class: "quiet" }, "Looking"));
    const forms = h("div", {});
    main.append(h("div", { class: "view" }, h("h1", {}, "Plugins"), list, forms));
    const again = () => void show(list, signal);
    show(list, signal).then((isThere) => isThere ? fill(forms, installForm(again), trialForm(page)) : undefined);
  },
};

/** Asks what the hooks would do with a message, without writing it. */
function trialForm({ identity, rooms }: Page): HTMLElement {
  const text = h("textarea", { name: "trial", rows: 2, required: true });
  const result = h("div", { role: "status" });
  const onsubmit = async (event: Event) => {
    event.preventDefault();
    const draft = { content: text.value, username: identity.name || "somebody", room: rooms.last };
    try {
      const body = { event: "message.before_create", draft };
      const { outcome, decisions } = await ask<Decisions>("/v1/plugins/dry-run", { method: "POST", body });
      const items = decisions.map(({ plugin, decision, reason, failure }) =>
        h("li", { class: "card" }, decided(plugin, decision, reason || failure))
      );
      fill(result, h("p", {}, decided("All together", outcome, "")), h("ul", { class: "cards" }, ...items));
    } catch (error) {
      fill(result, notice(sentenceOf(error), "error"));
    }
  };
  const field = h("label", {}, `What would they decide about this message in ${rooms.last}?`, text);
  return h("form", { class: "ask card", onsubmit }, field, h("div", { class: "row" }, h("button", {}, "Try")), result);
}

function decided(who: string, decision: string, why: string): string {
  return `${who}: ${decision}${why === "" ? "" : ` (${why})`}`;
}

/** Resolves to whether the server has plugins. */
async function show(list: HTMLElement, signal: AbortSignal): Promise<boolean> {
  try {
    const { plugins } = await ask<{ readonly plugins: readonly Plugin[] }>("/v1/plugins", { signal });
    const again = () => void show(list, signal);
    const items = h("ul", { class: "cards" }, ...plugins.map((plugin) => item(plugin, again)));
    fill(list, plugins.length === 0 ? h("p", { class: "quiet" }, "No plugins are installed") : items);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    const isMissing = error instanceof ApiError && error.isMissing;
    fill(list, isMissing ? notice("This server has no plugins yet.") : notice(sentenceOf(error), "error"));
    return false;
  }
}

function item(plugin: Plugin, again: () => void): HTMLElement {
  const { name, version, description, state, problem, granted } = plugin;
  const result = h("div", { role: "status" });
  const verb = state === "disabled" ? "enable" : "disable";
  const onclick = async () => {
    try {
      await ask(`/v1/plugins/${encodeURIComponent(name)}/${verb}`, { method: "POST" });
      again();
    } catch (error) {
      fill(result, notice(sentenceOf(error), "error"));
    }
  };
  return h(
    "li",
    { class: "card" },
    h("h2", {}, `${name} ${version}`, h("span", { class: `badge ${state}` }, state)),
    description ? h("p", {}, description) : undefined,
    h("p", { class: "quiet" }, `May use: ${permissionsInWords(granted)}`),
    problem ? notice(problem, "error") : undefined,
    h(
      "div",
      { class: "row" },
      h(
        "button",
        { class: "plain", onclick, "aria-label": `${verb === "enable" ? "Enable" : "Disable"} ${name}` },
        verb === "enable" ? "Enable" : "Disable",
      ),
    ),
    result,
  );
}
