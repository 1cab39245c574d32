/**
 * The process edge: environment and arguments in, exit code out. 0: stopped when asked; 1: not started, with one sentence on stderr;
 * 70: ended because its state had become unknown, or because it could not stop in time; 130 and 143: a second signal cut the stop short.
 *
 * usage: main.ts [--env-default NAME=VALUE]… [--end-with-parent] [config]
 *
 * @module
 */
import type { App, Ports } from "./app.ts";
import type { Config } from "./config/config.ts";
import { applyPresets } from "./config/presets.ts";
import { type Environment, inspectConfig, readConfig } from "./config/read.ts";
import { settingsReport } from "./config/report.ts";
import { settingNames } from "./config/settings.ts";
import { ChatError } from "./core/errors.ts";
import { createLog, type Log } from "./observability/log.ts";
import { guardProcess } from "./observability/process_guard.ts";

const EXIT_FAILED = 1;
const EXIT_BROKEN = 70;
/** A terminal's Ctrl-C reaches the server twice, from the terminal and from the task runner; so does one signal for two within this time. */
const SAME_SIGNAL_MS = 500;
/** What closing bus and database may take after the calls have been drained. */
const CLOSE_MS = 1_500;
/** How often a server that shall end with its parent looks for it. */
const PARENT_CHECK_MS = 1_000;

/** Reads only the settings' own names, so that permission for those is enough. */
function environment(): Environment {
  return Object.fromEntries(settingNames.map((name) => [name, Deno.env.get(name)]));
}

async function main(): Promise<number> {
  const { env, presets, rest } = applyPresets(environment(), Deno.args);
  const [command, ...surplus] = rest.filter((argument) => argument !== "--end-with-parent");
  if (command === "config" && surplus.length === 0) {
    const { text, ok } = settingsReport(env, presets);
    console.log(text);
    return ok ? 0 : EXIT_FAILED;
  }
  if (command !== undefined) throw new ChatError("invalid_argument", `Argument ${JSON.stringify(command)} is not known; "config" is`);
  const config = readConfig(env);
  const log = createLog(config.logLevel, writeLine);
  for (const warning of inspectConfig(env).warnings) log.warn(warning);
  return await serve(config, log, rest.includes("--end-with-parent"));
}

function writeLine(line: string): void {
  const bytes = new TextEncoder().encode(`${line}\n`);
  for (let written = 0; written < bytes.length;) written += Deno.stderr.writeSync(bytes.subarray(written));
}

/** Runs the system until it is asked to stop; resolves to the exit code. */
async function serve(config: Config, log: Log, endWithParent: boolean): Promise<number> {
  const asked = stopAsked(log, endWithParent);
  const guard = guardProcess(log);
  // Imported only now: wrong settings are told at once, and the guard stands before any package's code runs.
  const { createApp, isSurvivable } = await import("./app.ts");
  guard.survive(isSurvivable);
  log.debug("Starting", { services: [...config.services], database: config.database.kind, eventBus: config.eventBus });
  const app = createApp(config, { log, writeLines: writeLine });
  const ended = Promise.race([asked.then(() => 0), guard.failed.then(() => EXIT_BROKEN)]);
  const started = app.start();
  const first = await Promise.race([started, ended]);
  const wasReady = typeof first === "object";
  if (wasReady) announce(config, first, log);
  else started.catch((error) => log.debug("The start was given up", { error }));
  const code = await ended;
  const stopped = await stopInTime(app, code === 0 ? config.shutdownTimeoutMs : Math.min(1_000, config.shutdownTimeoutMs));
  if (!stopped) log.error("Ending without a clean stop, because it took too long");
  // Whoever was not ready has accepted nothing, so nobody can have lost anything: opening a new database cannot be hurried, and may be cut short.
  const exitCode = stopped || !wasReady ? code : EXIT_BROKEN;
  log.info("Stopped", { code: exitCode });
  return exitCode;
}

/** Stops, draining for at most `deadlineMs`; false when even closing takes too long. */
async function stopInTime(app: App, deadlineMs: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => timer = setTimeout(() => resolve(false), deadlineMs + CLOSE_MS));
  const stopped = await Promise.race([app.stop({ deadlineMs }).then(() => true), late]);
  clearTimeout(timer);
  return stopped;
}

/** Resolves at the first SIGTERM or SIGINT, or when the parent is gone. A second signal ends the process on the spot. */
function stopAsked(log: Log, endWithParent: boolean): Promise<void> {
  return new Promise((resolve) => {
    let firstAtMs: number | undefined;
    const ask = (reason: string, forcedCode?: number) => {
      const nowMs = performance.now();
      if (firstAtMs === undefined) {
        firstAtMs = nowMs;
        log.info("Stopping", { reason });
        resolve();
      } else if (forcedCode !== undefined && nowMs - firstAtMs > SAME_SIGNAL_MS) {
        log.warn("Ending at once", { reason: `a second ${reason}` });
        Deno.exit(forcedCode);
      }
    };
    Deno.addSignalListener("SIGTERM", () => ask("SIGTERM", 143));
    Deno.addSignalListener("SIGINT", () => ask("SIGINT", 130));
    if (endWithParent) watchParent(() => ask("the parent process is gone"));
  });
}

/** A task runner that is killed cannot pass that on; without it the server would stay behind and hold the data folder. */
function watchParent(gone: () => void): void {
  const parent = Deno.ppid;
  const timer = setInterval(() => {
    if (Deno.ppid === parent) return;
    clearInterval(timer);
    gone();
  }, PARENT_CHECK_MS);
  Deno.unrefTimer(timer);
}

/** One line for people on stdout, one for machines in the log. */
function announce(config: Config, ports: Ports, log: Log): void {
  const shown = (host: string) => host.includes(":") ? `[${host}]` : host;
  const http = ports.httpPort === undefined
    ? undefined
    : `http${config.http.tls ? "s" : ""}://${shown(config.http.host)}:${ports.httpPort}`;
  const grpc = ports.grpcPort === undefined ? undefined : `${shown(config.grpc.host)}:${ports.grpcPort}`;
  log.info("Ready", { ...ports, services: [...config.services] });
  const faces = [
    http === undefined ? [] : [`HTTP at ${http}`],
    grpc === undefined ? [] : [`gRPC at ${grpc}${config.grpc.tls ? " (TLS)" : ""}`],
  ];
  console.log(`Ready: ${faces.flat().join(", ")}, process ${Deno.pid}`);
}

if (import.meta.main) {
  let code = EXIT_FAILED;
  try {
    code = await main();
  } catch (error) {
    console.error(`Cannot start: ${error instanceof ChatError ? error.message : `${error instanceof Error ? error.stack : error}`}`);
  }
  Deno.exit(code);
}
