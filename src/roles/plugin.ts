import { RemotePluginService } from "../clients/remote_plugin_service.ts";
import type { PluginConfig, PluginKey } from "../config/config.ts";
import { trustedKeys } from "../config/plugin_kinds.ts";
import { settingNames } from "../config/settings.ts";
import type { MessageService } from "../contracts/mod.ts";
import { ChatError } from "../core/errors.ts";
import { addPluginMetrics } from "../observability/room_metrics.ts";
import { builtInArchives } from "../plugin/built_in/archives.ts";
import { parseEnvFile } from "../plugin/env_file.ts";
import { createHosts } from "../plugin/host/host.ts";
import { AfterHooks, type AfterHooksOptions } from "../plugin/hooks/after/after_hooks.ts";
import { Schedules } from "../plugin/hooks/schedule/schedules.ts";
import { launcherOf, type Launchers } from "../plugin/launchers.ts";
import { createRemoteLauncher } from "../plugin/remote/launcher.ts";
import { CallTokens } from "../plugin/remote/tokens.ts";
import { createSandboxLauncher, sandboxProblem } from "../plugin/sandbox/launcher.ts";
import { Sandboxes } from "../plugin/sandbox/sandboxes.ts";
import { createPluginService, type RunningPluginService } from "../plugin/service.ts";
import { pluginPeers } from "./plugin_peers.ts";
import type { RoleDefinition, RoleTools } from "./role.ts";

/** Other people's code. */
export const plugin: RoleDefinition<"plugin"> = {
  async start(tools) {
    const { config: { plugin: settings }, log } = tools;
    const [messages, rag, ai] = [tools.peer("message"), tools.peer("rag"), tools.peer("ai")];
    const database = await tools.database();
    const stateDir = absolute(settings.dataDir);
    const sandboxes = new Sandboxes({ stateDir, maxProcesses: settings.maxProcesses });
    const tokens = new CallTokens();
    const openHost = createHosts({
      ...{ database, log },
      ...{ ...(messages === undefined ? {} : { messages }), ...(rag === undefined ? {} : { rag }), ...(ai === undefined ? {} : { ai }) },
    });
    const service = await createPluginService({
      ...{ database, log, messages, dataDir: `${stateDir}/data`, reservedEnv: new Set(settingNames) },
      trustedKeys: await trustedKeysOf(settings),
      builtIn: await builtInArchives(settings.builtIn, settings.builtInNet),
      launcher: launcherOf({
        module: await modules(tools, sandboxes),
        remote: createRemoteLauncher({
          ...{ connect: pluginPeers(tools.calling), tokens, addresses: settings.remoteAddresses },
          ...(settings.hostAddress === undefined ? {} : { hostAddress: settings.hostAddress }),
        }),
      }),
      openHost,
    });
    if (tools.metrics !== undefined) addPluginMetrics(tools.metrics, service);
    const background = backgroundOf(service, { db: database.kysely, log, messages, openHost });
    const close = async () => {
      await Promise.all(background.map((part) => part.close()));
      await service.close();
      await sandboxes.close();
    };
    return { service, pluginHost: tokens, health: () => database.health(), close };
  },
  reach: (options) => new RemotePluginService(options),
};

/** What plugins are called for by nobody's call: events, where this process can follow rooms, and times. */
function backgroundOf(
  { registry, actions }: RunningPluginService,
  { db, log, messages, openHost }: Pick<AfterHooksOptions, "db" | "log" | "openHost"> & { readonly messages: MessageService | undefined },
): readonly { close(): Promise<void> }[] {
  const schedules = new Schedules({ db, log, registry, runAction: actions.run.bind(actions) });
  return messages === undefined ? [schedules] : [schedules, new AfterHooks({ db, log, registry, messages, openHost })];
}

/** A server that cannot start plugins with code is a server all the same. */
async function modules({ config: { plugin: settings }, log }: RoleTools, sandboxes: Sandboxes): Promise<Launchers["module"]> {
  const { envPath, most } = settings;
  const problem = await sandboxProblem();
  if (problem !== undefined) {
    log.warn(problem);
    return { problem };
  }
  const env = envPath === undefined ? new Map<string, string>() : parseEnvFile(envPath, await read(envPath));
  return createSandboxLauncher({ sandboxes, env, most });
}

/** The server may not be allowed to ask where it stands; tasks run in the project's folder. */
function absolute(path: string): string {
  if (path.startsWith("/")) return path;
  try {
    return `${Deno.cwd()}/${path}`;
  } catch {
    return decodeURIComponent(new URL(`../../${path}`, import.meta.url).pathname);
  }
}

async function trustedKeysOf({ trustedKeys: inline, trustedKeysPath: path }: PluginConfig): Promise<readonly PluginKey[]> {
  if (path === undefined) return inline ?? [];
  const parsed = trustedKeys.parse(await read(path));
  if ("value" in parsed) return parsed.value;
  throw new ChatError(
    "failed_precondition",
    `The file of PLUGIN_TRUSTED_KEYS_PATH ${path} must have ${parsed.wanted.replace("commas", "lines")}`,
  );
}

async function read(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    throw new ChatError("failed_precondition", `The file ${path} cannot be read`, { cause });
  }
}
