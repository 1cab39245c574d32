/**
 * What a person asks of a server.
 *
 * @module
 */
import { PluginServiceClient } from "../../src/clients/plugin_client.ts";
import type { Plugin, PluginPermissions, PluginSignature } from "../../src/contracts/mod.ts";
import { ChatError } from "../../src/core/errors.ts";
import { joinPermissions, permissionsInWords } from "../../src/plugin/packages/permissions.ts";
import { harmless } from "../chat/output.ts";
import { readTls } from "../chat/tls.ts";
import { UsageError } from "../chat/usage.ts";
import type { ServerCommand, ServerPlace } from "./arguments.ts";
import type { SignatureFile } from "./keys.ts";

/** How a command is run. */
export interface ServerCommandOptions {
  readonly signal: AbortSignal;
  /** Paths are meant from here. */
  readonly pathOf: (path: string) => string;
}

/** Runs a command on its server. Throws `ChatError` for what the server refuses. */
export async function runOnServer(command: ServerCommand, options: ServerCommandOptions): Promise<void> {
  await using client = await connect(command.server);
  const { signal } = options;
  switch (command.name) {
    case "install":
      return await install(command, client, options);
    case "rollback":
      return await rollback(command, client);
    case "list":
      return await list(client);
    case "show":
      return show(await client.getPlugin({ name: command.plugin }));
    case "enable":
      return tell(await client.enablePlugin({ name: command.plugin }));
    case "disable":
      return tell(await client.disablePlugin({ name: command.plugin, reason: command.reason }));
    case "uninstall": {
      const { success, message } = await client.uninstallPlugin({ name: command.plugin, keepData: command.keepData });
      if (!success) throw new ChatError("not_found", message);
      return console.log(harmless(message));
    }
    case "call": {
      const { plugin: name, action, inputJson, room } = command;
      for await (const { outputJson } of client.streamPlugin({ name, action, inputJson, room }, { signal })) console.log(outputJson);
      return;
    }
    case "logs":
      for await (
        const { atMs, level, text } of client.streamPluginLogs({ name: command.plugin, tail: command.tail, follow: command.follow }, {
          signal,
        })
      ) {
        console.log(`${new Date(atMs).toISOString()} ${level.padEnd(5)} ${harmless(text)}`);
      }
  }
}

async function connect({ address, tls }: ServerPlace): Promise<PluginServiceClient> {
  // From the environment, because a command line is for every user of the machine to see.
  const token = Deno.env.get("CHAT_TOKEN") ?? "";
  const options = { address, ...await readTls(tls), ...(token === "" ? {} : { token }) };
  try {
    return new PluginServiceClient(options);
  } catch (error) {
    throw error instanceof ChatError ? new UsageError(error.message, { cause: error }) : error;
  }
}

async function install(
  { file, granted, yes, disabled }: Extract<ServerCommand, { readonly name: "install" }>,
  client: PluginServiceClient,
  { pathOf }: ServerCommandOptions,
): Promise<void> {
  const archive = await readFile(pathOf(file));
  const request = { archive, signatures: await signaturesOf(pathOf(`${file}.sig`)), granted };
  const { plugin, unchanged, missing } = await client.installPlugin({ ...request, checkOnly: true });
  if (plugin !== undefined) show(plugin);
  if (unchanged) return console.log("It is installed already, and nothing was changed");
  const agreed = missing === undefined ? granted : joinPermissions(granted, await consent(missing, yes));
  const { plugin: installed } = await client.installPlugin({ ...request, granted: agreed, disabled });
  if (installed !== undefined) tell(installed);
}

/** Gives back what is asked for once somebody has said yes to it. */
function consent(missing: PluginPermissions, yes: boolean): PluginPermissions {
  if (yes) return missing;
  const asked = harmless(permissionsInWords(missing));
  if (!Deno.stdin.isTerminal()) throw new ChatError("permission_denied", `It asks for ${asked}: name that with --grant, or say --yes`);
  if (confirm(`It asks for ${asked}. Grant that?`)) return missing;
  throw new ChatError("permission_denied", "Not granted, so nothing was installed");
}

async function readFile(path: string): Promise<Uint8Array> {
  try {
    return await Deno.readFile(path);
  } catch (cause) {
    throw new ChatError("failed_precondition", `The archive ${path} cannot be read: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

async function signaturesOf(path: string): Promise<readonly PluginSignature[]> {
  const text = await Deno.readTextFile(path).catch(() => undefined);
  if (text === undefined) return [];
  try {
    const found = JSON.parse(text) as readonly SignatureFile[];
    return found.map(({ key_id, signature }) => ({ keyId: key_id, signature: Uint8Array.fromBase64(signature) }));
  } catch (cause) {
    throw new ChatError("failed_precondition", `The file of signatures ${path} is broken`, { cause });
  }
}

async function rollback(
  { plugin: name, version }: Extract<ServerCommand, { readonly name: "rollback" }>,
  client: PluginServiceClient,
): Promise<void> {
  const { digest, versions } = await client.getPlugin({ name });
  const others = versions.filter((one) => one.digest !== digest);
  const found = version === undefined ? others[0] : others.find((one) => one.version === version || one.digest === version);
  if (found === undefined) {
    const known = others.map((one) => one.version).join(", ") || "none";
    throw new ChatError("not_found", `Plugin ${name} has no such version to go back to; there are: ${harmless(known)}`);
  }
  const { plugin } = await client.installPlugin({ digest: found.digest });
  if (plugin !== undefined) tell(plugin);
}

async function list(client: PluginServiceClient): Promise<void> {
  for (let afterName = "";;) {
    const { plugins, hasMore } = await client.listPlugins({ afterName });
    for (const plugin of plugins) tell(plugin);
    const last = plugins.at(-1);
    if (!hasMore || last === undefined) return;
    afterName = last.name;
  }
}

function tell({ name, version, state, problem }: Plugin): void {
  console.log(harmless(`${name} ${version} ${state}${problem === "" ? "" : `: ${problem}`}`));
}

function show(plugin: Plugin): void {
  const { name, version, description, digest, manifest, granted, signedBy, versions } = plugin;
  const hooks = manifest?.hooks.map(({ event, command, cron }) =>
    [event, command === "" ? "" : `/${command}`, cron].filter(Boolean).join(" ")
  );
  const asked = manifest?.permissions ?? granted;
  const lines = [
    `${name} ${version}${description === "" ? "" : `: ${description}`}`,
    `  digest   ${digest}`,
    `  actions  ${manifest?.actions.map((action) => action.name).join(", ") || "none"}`,
    `  hooks    ${hooks?.join(", ") || "none"}`,
    `  asks for ${asked === undefined ? "nothing" : permissionsInWords(asked)}`,
    `  signed   ${signedBy.length === 0 ? "by no key that counts" : `by ${signedBy.join(", ")}`}`,
    ...versions.map((one) => `  version  ${one.version} ${one.digest} by ${one.installedBy}`),
  ];
  for (const line of lines) console.log(harmless(line));
}
