import { ask, sentenceOf } from "./api.ts";
import { announce, fill, h, notice } from "./dom.ts";

/** `chat.PluginPermissions`. */
export interface Permissions {
  readonly net: readonly string[];
  readonly env: readonly string[];
  readonly data: boolean;
  readonly capabilities: readonly string[];
  readonly rooms: readonly string[];
}

/** `chat.InstallPluginResponse`, as far as it is shown. */
interface Installed {
  readonly plugin?: { readonly name: string; readonly version: string };
  readonly unchanged: boolean;
  readonly missing?: Permissions;
}

/** Permissions as people read them. */
export function permissionsInWords(permissions: Permissions | undefined): string {
  if (permissions === undefined) return "nothing";
  const { net, env, data, capabilities, rooms } = permissions;
  const words = [
    ...net.map((host) => `the network to ${host}`),
    ...env.map((name) => `the variable ${name}`),
    ...(data ? ["a folder of its own"] : []),
    ...capabilities,
    ...rooms.map((room) => room === "*" ? "every room" : `room ${room}`),
  ];
  return words.join(", ") || "nothing";
}

/** Takes an archive, shows what it asks for, and installs it once somebody agrees to that. */
export function installForm(onInstalled: () => void): HTMLElement {
  const file = h("input", { type: "file", name: "archive", accept: ".chatplugin,application/json", required: true });
  const result = h("div", { role: "status" });
  const onsubmit = async (event: Event) => {
    event.preventDefault();
    const chosen = file.files?.[0];
    if (chosen === undefined) return;
    try {
      await install(chosen, result, onInstalled);
    } catch (error) {
      fill(result, notice(sentenceOf(error), "error"));
    }
  };
  const field = h("label", { class: "choose" }, "Install a plugin from its archive", file);
  return h("form", { class: "ask card", onsubmit }, field, h("div", { class: "row" }, h("button", {}, "Install")), result);
}

async function install(chosen: File, result: HTMLElement, onInstalled: () => void): Promise<void> {
  const name = nameIn(await chosen.text());
  const path = `/v1/plugins/${encodeURIComponent(name)}`;
  const archive = await base64(chosen);
  const put = (more: object) => ask<Installed>(path, { method: "PUT", body: { archive, ...more } });
  const finish = async (granted: Permissions | undefined) => {
    const { plugin } = await put(granted === undefined ? {} : { granted });
    const sentence = `Installed ${plugin?.name ?? name} ${plugin?.version ?? ""}`;
    fill(result, notice(sentence));
    announce(sentence);
    onInstalled();
  };
  const { missing } = await put({ check_only: true });
  if (missing === undefined) return await finish(undefined);
  const onclick = () => void finish(missing).catch((error) => fill(result, notice(sentenceOf(error), "error")));
  fill(
    result,
    h("p", {}, `${name} asks for ${permissionsInWords(missing)}.`),
    h("button", { type: "button", onclick }, "Grant and install"),
  );
}

/** What the manifest says; the server checks it. */
function nameIn(text: string): string {
  try {
    const { manifest } = JSON.parse(text) as { readonly manifest?: { readonly name?: unknown } };
    return typeof manifest?.name === "string" ? manifest.name : "unnamed";
  } catch {
    return "unnamed";
  }
}

function base64(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ""));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
