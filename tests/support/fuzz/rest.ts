/**
 * Broken HTTP requests, byte by byte over TCP, because no HTTP client would send them.
 *
 * @module
 */
import { within } from "../deadline.ts";
import { type Random, seeded } from "../seeded.ts";

/** How the requests ended. */
export interface RestTally {
  /** HTTP statuses, and `closed` where the server hung up without an answer; how many ended so. */
  readonly ends: ReadonlyMap<string, number>;
  /** 5xx answers and requests without an end. */
  readonly wrong: readonly string[];
}

/** What to send. */
export interface RestFuzzOptions {
  readonly url: string;
  readonly requests: number;
  readonly seed: number;
  /** Requests under way at once; default 24. */
  readonly atOnce?: number;
}

const encoder = new TextEncoder();
const MAX_SHOWN = 20;

/** Sends the requests of one seed, each on a connection of its own. */
export async function fuzzRest({ url, requests, seed, atOnce = 24 }: RestFuzzOptions): Promise<RestTally> {
  const random = seeded(seed);
  const { hostname, port } = new URL(url);
  const ends = new Map<string, number>();
  const wrong: string[] = [];
  let sent = 0;
  const lane = async () => {
    while (sent < requests) {
      const number = ++sent;
      const bytes = restRequest(random);
      const end = await exchange({ hostname, port: Number(port) }, bytes);
      ends.set(end, (ends.get(end) ?? 0) + 1);
      if ((end === "hang" || /^5/.test(end)) && wrong.length < MAX_SHOWN) {
        wrong.push(`REST request ${number} got ${end}: ${JSON.stringify(new TextDecoder().decode(bytes.subarray(0, 600)))}`);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return { ends, wrong };
}

/** Sends the bytes and waits for the first line of the answer, or the end of the connection. */
async function exchange(address: Deno.ConnectOptions, bytes: Uint8Array): Promise<string> {
  using connection = await Deno.connect(address);
  try {
    return await within(5_000, "an answer", converse(connection, bytes));
  } catch (error) {
    return error instanceof Error && error.message.startsWith("Not within") ? "hang" : "closed";
  }
}

async function converse(connection: Deno.TcpConn, bytes: Uint8Array): Promise<string> {
  // A server that has seen enough answers without reading the rest.
  const written = write(connection, bytes).catch(() => {});
  let text = "";
  const buffer = new Uint8Array(4_096);
  while (!text.includes("\r\n")) {
    const size = await connection.read(buffer);
    if (size === null) return "closed";
    text += new TextDecoder().decode(buffer.subarray(0, size));
  }
  await Promise.race([written, Promise.resolve()]);
  return text.split(" ")[1] ?? "no HTTP";
}

async function write(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
  await connection.closeWrite();
}

const METHODS = ["GET", "GET", "GET", "POST", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS", "TRACE", "BREW", "\u00e9"];
const PATHS = [
  "/v1/messages",
  "/v1/messages",
  "/v1/messages/1",
  "/v1/messages/2",
  "/v1/messages/0",
  "/v1/messages/-1",
  "/v1/messages/99999999999",
]
  .concat([
    "/v1/messages/1/revisions",
    "/v1/messages/stream",
    "/v1/messages/%00",
    "/v1/messages/%ff",
    "/v1/messages/x",
    "/healthz",
    "/readyz",
    "/",
    "/v1/../x",
    "//",
  ]);
const NAMES = ["limit", "offset", "username", "since_timestamp", "until_timestamp", "room", "order", "after_seq", "before_seq", "search"]
  .concat(["message_type", "metadata.a", "metadata.", "metadata.__proto__", "subscribe_to", "include_changes", "nope", "", "%00"]);
const VALUES = [
  "1",
  "0",
  "-1",
  "500",
  "501",
  "1e3",
  "9007199254740993",
  "99999999999999999999",
  "newest",
  "oldest",
  "a",
  "",
  "%00",
  "%ff",
  "%",
  "%F0%9F%99%82",
]
  .concat(["true", "false", "x".repeat(129), "%22a%20b%22", "+", "%ED%A0%80", "general", "\u0001", "<script>"]);
const BODY_NAMES = [
  "content",
  "username",
  "message_type",
  "metadata",
  "room",
  "client_message_id",
  "replace_metadata",
  "if_version",
  "nope",
  "__proto__",
];
const HEADERS = [
  "Content-Type: application/json",
  "Content-Type: text/plain",
  "Content-Type: application/json; charset=latin1",
  "Accept: text/event-stream",
]
  .concat([
    "Accept: image/png",
    "Accept: */*;q=0",
    "Last-Event-ID: x",
    "Last-Event-ID: -1",
    "Last-Event-ID: 99999999999999999999",
    "Idempotency-Key: \u00e9",
  ])
  .concat([
    `Idempotency-Key: ${"k".repeat(200)}`,
    "Content-Encoding: gzip",
    "Expect: 100-continue",
    "X-Request-Id: \u0007",
    `Junk: ${"j".repeat(20_000)}`,
  ])
  .concat([
    "Transfer-Encoding: chunked",
    "Content-Length: 99",
    "Content-Length: -1",
    "Content-Length: x",
    ": nameless",
    "No colon",
    "Host: ",
    "Upgrade: websocket",
  ]);

function restRequest(random: Random): Uint8Array {
  const body = random.chance(0.6) ? randomBody(random) : new Uint8Array();
  const lines = [`${random.pick(METHODS)} ${random.pick(PATHS)}${randomQuery(random)} HTTP/1.1`, "Host: localhost", "Connection: close"];
  if (random.chance(0.8)) lines.push("Content-Type: application/json", `Content-Length: ${body.length}`);
  while (random.chance(0.4)) lines.push(random.pick(HEADERS));
  const head = encoder.encode(`${lines.join("\r\n")}\r\n\r\n`);
  const whole = new Uint8Array([...head, ...body]);
  if (random.chance(0.1)) {
    for (let flips = 1 + random.below(5); flips > 0; flips--) {
      whole[random.below(whole.length)] = random.below(256);
    }
  }
  return random.chance(0.05) ? whole.subarray(0, random.below(whole.length)) : whole;
}

function randomQuery(random: Random): string {
  const pairs: string[] = [];
  while (random.chance(0.5)) pairs.push(`${random.pick(NAMES)}=${random.pick(VALUES)}`);
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}

function randomBody(random: Random): Uint8Array {
  if (random.chance(0.1)) return Uint8Array.from({ length: random.below(200) }, () => random.below(256));
  if (random.chance(0.03)) return encoder.encode("[".repeat(random.pick([10, 100_000])));
  if (random.chance(0.02)) return encoder.encode(`{"content":"${"x".repeat(600_000)}"}`);
  const entries = BODY_NAMES.filter(() => random.chance(0.4)).map((name) => `${JSON.stringify(name)}:${randomJson(random, 3)}`);
  if (random.chance(0.6)) entries.push('"content":"Hello"', '"username":"fuzz"');
  return encoder.encode(`{${entries.join(",")}}`);
}

const SCALARS = [
  "null",
  "true",
  "false",
  "0",
  "-1",
  "1.5",
  "1e400",
  "9007199254740993",
  '""',
  '"a"',
  '"\\u0000"',
  '"\\ud800"',
  '"\\udc00x"',
  '"é🙂"',
]
  .concat([`"${"x".repeat(70_000)}"`, '"general"', "2147483648", "NaN", "'single'"]);

function randomJson(random: Random, depth: number): string {
  if (depth === 0 || random.chance(0.7)) return random.pick(SCALARS);
  const items = Array.from({ length: random.below(4) }, (_, index) => [`"k${index}"`, randomJson(random, depth - 1)] as const);
  if (random.chance(0.5)) return `[${items.map(([, value]) => value).join(",")}]`;
  return `{${items.map(([name, value]) => `${name}:${value}`).join(",")}}`;
}
