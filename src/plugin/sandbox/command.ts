import type { PluginLimits, PluginPermissions } from "../../contracts/mod.ts";
import { invalidField } from "../../core/errors.ts";
import { PROCESS_LIMITS } from "./limits.ts";
import { networkFlags } from "./network.ts";

/** What a process of a plugin is started with. */
export interface ProcessGrants {
  readonly granted: PluginPermissions;
  readonly limits: PluginLimits;
  /** The values of the granted environment variables, as far as they are set. */
  readonly env: Readonly<Record<string, string>>;
  /** The plugin's own folder, absolute; it is there already. Absent: it has none. */
  readonly dataDir?: string | undefined;
}

/** With processors to spare it makes no difference; with none, a plugin gets a third of what the server gets. */
const NICE = 5;

/**
 * What the shell does before it becomes the plugin's process: limits that hold without a privilege and without the server, a place behind the server's
 * where processors are scarce, and the first place where memory is. A file that grows too large gives an error and no death, and signals to
 * the server's whole group, such as Ctrl-C, leave the plugin to the server, which may still have calls to finish.
 */
const SCRIPT = `ulimit -c 0; ulimit -d "$1"; ulimit -t "$2"; ulimit -f "$3"; ulimit -n 256; trap "" XFSZ INT QUIT HUP TERM; shift 3
{ echo 1000 > /proc/self/oom_score_adj; } 2>/dev/null
if command -v nice >/dev/null; then exec nice -n ${NICE} "$@"; fi
exec "$@"`;

/**
 * What `ulimit -d` counts of a process that has loaded nothing: mostly address space that V8 reserves for code and never fills, and the stacks of
 * threads, of which there are more where there are more processors. Measured on 2 processors at 545,000 KiB.
 */
export const USUAL_BASE_KIB = 560_000;

/** What differs from one server to another, and not from plugin to plugin. */
export interface ProcessPlace {
  /** Where Deno keeps its caches. */
  readonly runtimeDir: string;
  /** What an empty process takes of the limit of memory. */
  readonly baseKib: number;
}

/** Variables that change what the runtime does before any permission is asked for. */
const RESERVED = /^(DENO_|LD_|DYLD_|NODE_|V8_|NO_COLOR$|FORCE_COLOR$|PATH$|HOME$|GLIBC_|MALLOC_|SSLKEYLOGFILE$)/;

const PROGRAM = decodeURIComponent(new URL("./program.ts", import.meta.url).pathname);

/** How a plugin's process is started: exactly what was granted, and an environment that has nothing else. */
export function processCommand(grants: ProcessGrants, { runtimeDir, baseKib }: ProcessPlace): Deno.Command {
  const { limits } = grants;
  const heapMib = Math.ceil(limits.memoryBytes / 1024 / 1024);
  const ceilings = [
    baseKib + heapMib * 1024,
    PROCESS_LIMITS.lifetimeCpuSeconds,
    (grants.granted.data ? PROCESS_LIMITS.fileBytes : PROCESS_LIMITS.otherFileBytes) / 512,
  ].map(String);
  const run = [
    "run",
    "--quiet",
    "--no-prompt",
    "--no-config",
    "--no-lock",
    "--no-remote",
    "--no-npm",
    "--cached-only",
    "--no-check",
    "--no-code-cache",
  ];
  return new Deno.Command("/bin/sh", {
    args: [
      "-c",
      SCRIPT,
      "plugin",
      ...ceilings,
      Deno.execPath(),
      ...run,
      `--v8-flags=--max-old-space-size=${heapMib}`,
      ...permissionFlags(grants),
      PROGRAM,
    ],
    cwd: "/",
    clearEnv: true,
    env: { ...grants.env, DENO_DIR: runtimeDir, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
}

function permissionFlags({ granted, env, dataDir }: ProcessGrants): readonly string[] {
  for (const name of [...granted.env, ...Object.keys(env)]) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || RESERVED.test(name)) {
      throw invalidField("granted.env", `must name environment variables that are not the runtime's own, got ${JSON.stringify(name)}`);
    }
  }
  const folder = granted.data && dataDir !== undefined ? dataDir.replaceAll(",", ",,") : undefined;
  return [
    ...networkFlags(granted.net),
    ...(granted.env.length === 0 ? [] : [`--allow-env=${granted.env.join(",")}`]),
    ...(folder === undefined ? [] : [`--allow-read=${folder}`, `--allow-write=${folder}`]),
    "--deny-run",
    "--deny-ffi",
    "--deny-sys",
    "--deny-import",
  ];
}
