/**
 * The program of a plugin's process: loads the plugin's module, runs what the server asks for, one call at a time, and hands its requests on. One file
 * without imports, because the process may read nothing. It keeps honest plugins from tripping over each other; what holds back the others is the process
 * itself and the server, which believes nothing that comes from here. Frames are lines; `frames.ts` has the other side.
 *
 * @module
 */
import type { Plugin, PluginContext, PluginStoredValue } from "../author.ts";

// Taken before the plugin's code runs, which may change whatever is global.
const { parse, stringify } = JSON;
const { stdin, stdout, inspect, exit } = Deno;
const read = stdin.read.bind(stdin);
const writeSync = stdout.writeSync.bind(stdout);
const decoder = new TextDecoder();
const encoder = new TextEncoder();
const decode = decoder.decode.bind(decoder);
const encode = encoder.encode.bind(encoder);
const subarray = Function.prototype.call.bind(Uint8Array.prototype.subarray) as (
  bytes: Uint8Array<ArrayBuffer>,
  begin: number,
) => Uint8Array<ArrayBuffer>;
const tagOf = Function.prototype.call.bind(Object.prototype.toString) as (value: unknown) => string;

/** As many as the server takes at once. */
const MAX_USES = 8;
const MAX_SENTENCE = 1_000;
const MAX_LINE = 4_096;

interface Call {
  readonly id: number;
  readonly kind: "action" | "stream" | "hook";
  readonly name: string;
  /** JSON. */
  readonly input: string;
  readonly username: string;
  readonly room: string;
  readonly requestId: string;
  readonly dryRun: boolean;
}

interface Answer {
  readonly use: number;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: string; readonly message: string };
}

type Frame =
  | {
    readonly type: "load";
    readonly token: string;
    readonly typescript: boolean;
    readonly code: string;
    readonly dataDir?: string;
    readonly logBytes: number;
  }
  | { readonly type: "call"; readonly call: Call }
  | { readonly type: "cancel"; readonly id: number; readonly why: string }
  | ({ readonly type: "answer"; readonly id: number } & Answer);

interface Waiter {
  resolve(result: Readonly<Record<string, unknown>>): void;
  reject(error: Error): void;
}

interface Running {
  readonly id: number;
  readonly abort: AbortController;
  readonly uses: Map<number, Waiter>;
}

let token = "";
let dataDir: string | undefined;
let logBytes = 0;
let logLeft = 0;
let plugin: Plugin = {};
let running: Running | undefined;
let lastUse = 0;
/** Where things are on the server is nobody's business who reads an error: what stands for it. */
let places: readonly (readonly [place: string, name: string])[] = [[Deno.mainModule, "the runtime"]];

function send(kind: string, id: number, rest = ""): void {
  let bytes = encode(`${token} ${kind} ${id} ${rest}\n`);
  while (bytes.length > 0) bytes = subarray(bytes, writeSync(bytes));
}

function withoutPlaces(text: string): string {
  return places.reduce((rest, [place, name]) => rest.replaceAll(place, name), text);
}

function sentence(error: unknown): string {
  try {
    const text = error instanceof Error ? error.message || error.name : String(error);
    return withoutPlaces(text).slice(0, MAX_SENTENCE);
  } catch {
    return "It threw something that cannot be shown";
  }
}

function log(level: string, values: readonly unknown[], id = running?.id ?? 0): void {
  let text = "";
  try {
    text = withoutPlaces(values.map((value) => typeof value === "string" ? value : inspect(value)).join(" ")).slice(0, MAX_LINE);
  } catch (error) {
    text = `A line that cannot be shown: ${sentence(error)}`;
  }
  if (logLeft <= 0) return;
  logLeft -= text.length;
  if (logLeft <= 0) text = "The call has written too much: the rest of its log is left out";
  send("log", id, stringify([level, text]));
}

function levels(id?: () => number) {
  const at = (level: string) => (...values: readonly unknown[]) => log(level, values, id?.());
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** What the plugin's `console` is: lines of its log. Whatever else a console can do is left out, because it would write where only the protocol may. */
function takeConsole(): void {
  const { debug, info, warn, error } = levels();
  const silent = Object.fromEntries(Object.keys(globalThis.console).map((name) => [name, () => {}]));
  const told = {
    debug,
    info,
    log: info,
    warn,
    error,
    trace: debug,
    dir: info,
    dirxml: info,
    table: info,
    group: info,
    groupCollapsed: info,
  };
  const assert = (holds?: boolean, ...values: readonly unknown[]) => holds || error("Assertion failed:", ...values);
  Object.assign(globalThis.console, silent, told, { assert });
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    error("A promise was rejected and nobody cared:", event.reason);
  });
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    error("An error was thrown and nobody caught it:", event.error);
  });
}

function use(call: Running, capability: string, request: unknown): Promise<Readonly<Record<string, unknown>>> {
  if (call !== running) return Promise.reject(refusal("unauthenticated", "The call is over"));
  if (call.abort.signal.aborted) return Promise.reject(refusal("cancelled", "The call was ended"));
  if (call.uses.size >= MAX_USES) {
    return Promise.reject(refusal("resource_exhausted", `A call may ask for ${MAX_USES} things at once; wait for an answer first`));
  }
  const id = ++lastUse;
  return new Promise((resolve, reject) => {
    const text = stringify({ [capability]: request ?? {} });
    call.uses.set(id, { resolve, reject });
    send("use", call.id, `${id} ${text}`);
  });
}

function refusal(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

function contextOf(call: Call, running: Running): PluginContext {
  const ask = async (capability: string, answer: string, request: unknown) => (await use(running, capability, request))[answer] as never;
  const storage = (
    operation: string,
    key: string,
    rest: Record<string, unknown> = {},
  ): Promise<{ success: boolean; entries: PluginStoredValue[]; hasMore: boolean }> =>
    ask("storage", "storage", { operation, key, ...rest });
  const here = (request: Record<string, unknown>) => ({ ...(call.room === "" ? {} : { room: call.room }), ...request });
  return {
    username: call.username,
    room: call.room,
    requestId: call.requestId,
    signal: running.abort.signal,
    dryRun: call.dryRun,
    ...(dataDir === undefined ? {} : { dataDir }),
    messages: {
      read: (request = {}) => ask("readMessages", "messages", here({ ...request })),
      post: (request) => ask("postMessage", "message", here({ ...request })),
    },
    documents: { search: (request) => ask("searchDocuments", "search", request) },
    ai: { generate: (request) => ask("generate", "generation", request) },
    storage: {
      get: async (key) => (await storage("get", key)).entries[0],
      set: async (key, value, options = {}) => (await storage("set", key, { value, ...options })).success,
      delete: async (key, options = {}) => (await storage("delete", key, { ...options })).success,
      list: async (prefix = "", options = {}) => {
        const { entries, hasMore } = await storage("list", prefix, { ...options });
        return { entries, hasMore };
      },
    },
    log: levels(() => running.id),
  };
}

function output(id: number, value: unknown): void {
  const text = stringify(value);
  send("output", id, text === undefined ? "null" : text);
}

/** Functions are looked up at each call, and only among the plugin's own names. */
function find(call: Call): (input: unknown, context: PluginContext) => unknown {
  const group = (call.kind === "hook" ? plugin.hooks : plugin.actions) as Record<string, unknown> | undefined;
  const found = group !== undefined && Object.hasOwn(group, call.name) ? group[call.name] : undefined;
  if (typeof found !== "function") throw new Error(`It has no ${call.kind === "hook" ? "hook" : "action"} ${call.name}`);
  return (input, context) => found.call(group, input, context);
}

async function work(call: Call, mine: Running): Promise<void> {
  const result = find(call)(parse(call.input), contextOf(call, mine));
  if (call.kind !== "stream") return output(call.id, await result);
  const outputs = result as AsyncGenerator<unknown>;
  mine.abort.signal.addEventListener("abort", () => void outputs.return?.(undefined)?.catch?.(() => {}));
  for await (const value of outputs) {
    if (mine.abort.signal.aborted) break;
    output(call.id, value);
  }
}

async function run(call: Call): Promise<void> {
  const mine: Running = { id: call.id, abort: new AbortController(), uses: new Map() };
  running = mine;
  logLeft = logBytes;
  try {
    await work(call, mine);
    running = undefined;
    send("end", call.id);
  } catch (error) {
    running = undefined;
    send("fail", call.id, stringify(sentence(error)));
  }
}

function cancel(id: number, why: string): void {
  if (running?.id !== id) return;
  const error = refusal("cancelled", why);
  for (const waiter of running.uses.values()) waiter.reject(error);
  running.uses.clear();
  running.abort.abort(error);
}

function answered(id: number, { use, result, error }: Answer): void {
  const waiter = running?.id === id ? running.uses.get(use) : undefined;
  running?.uses.delete(use);
  if (error !== undefined) waiter?.reject(refusal(error.code, error.message));
  else waiter?.resolve(result ?? {});
}

async function load(frame: Frame & { type: "load" }): Promise<void> {
  ({ token, dataDir, logBytes } = frame);
  logLeft = logBytes;
  takeConsole();
  const url = URL.createObjectURL(new Blob([frame.code], { type: frame.typescript ? "application/typescript" : "text/javascript" }));
  places = [...places, [url, "the plugin's module"], ...(dataDir === undefined ? [] : [[dataDir, "dataDir"] as const])];
  try {
    const module = await import(url);
    plugin = module.default ?? {};
    const kinds = (group: object | undefined) => Object.entries(group ?? {}).map(([name, found]) => [name, tagOf(found).slice(8, -1)]);
    send("ready", 0, stringify({ default: module.default !== undefined, actions: kinds(plugin.actions), hooks: kinds(plugin.hooks) }));
  } catch (error) {
    send("broken", 0, stringify(sentence(error)));
  }
}

function take(line: string): void {
  const frame: Frame = parse(line);
  switch (frame.type) {
    case "load":
      return void load(frame);
    case "call":
      return void run(frame.call);
    case "cancel":
      return cancel(frame.id, frame.why);
    case "answer":
      return answered(frame.id, frame);
  }
}

const buffer = new Uint8Array(65_536);
let rest = "";
for (;;) {
  const size = await read(buffer);
  // The server has gone.
  if (size === null) break;
  const text = decode(buffer.subarray(0, size), { stream: true });
  rest += text;
  // A long line comes in many pieces, and is joined once.
  if (!text.includes("\n")) continue;
  const lines = rest.split("\n");
  rest = lines.pop() ?? "";
  lines.forEach(take);
}
exit(0);
