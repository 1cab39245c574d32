/**
 * Follows the room "general" over bare sockets, as many times as asked, cheap enough to measure a server and not itself; runs on Node and on Deno
 * without any package. One argument, a JSON object: `port`, `over` ("sse" or "ws"), `followers`. Says one JSON line when all follow; then, for each
 * line on its input, counts for `seconds` (after `warmup` seconds) what arrives, and says what it found. Meanwhile it sends as the order asks:
 * `inFlight` messages at once, each until every follower has it, or `rate` a second without waiting for any, or none. Ends with its input.
 */
import { Buffer } from "node:buffer";
import http from "node:http";
import net from "node:net";
import process from "node:process";
import readline from "node:readline";
import { Latencies } from "./latencies.mjs";

const { port, over, followers } = JSON.parse(process.argv[2]);
const CREATION = JSON.stringify({ content: "Hello, this is an ordinary line of chat, neither short nor long.", username: "user-1" });
/** So many connections are opened at once. */
const OPENING = 50;

const UPGRADE = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const REQUESTS = {
  sse: `GET /v1/messages/stream?room=general HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: text/event-stream\r\n\r\n`,
  ws: `GET /v1/ws HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${UPGRADE}\r\n`,
};
const [TEXT, PING, PONG] = [1, 9, 10];

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const nowMs = () => performance.timeOrigin + performance.now();

let latencies = new Latencies();
let [counting, ended, gaps, failed, sent] = [false, 0, 0, 0, 0];
/** How many followers have each position, until all do. */
const arrived = new Map();
const waiting = new Map();

/** One follower: takes its connection's bytes apart, across the borders of chunks. */
class Follower {
  #rest;
  #seq = 0;
  #isUpgraded = false;

  constructor() {
    this.ready = new Promise((resolve) => this.onReady = resolve);
    this.socket = net.connect(port, "127.0.0.1", () => this.socket.write(REQUESTS[over]));
    this.socket.on("data", (chunk) => this.#take(chunk));
    this.socket.on("error", () => {});
    this.socket.on("close", () => ended++);
  }

  #take(chunk) {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    const at = over === "sse" ? this.#events(bytes) : this.#frames(bytes);
    this.#rest = at === bytes.length ? undefined : bytes.subarray(at);
  }

  /** An empty line ends an event; what HTTP puts around it (head, sizes of chunks) ends with CRLF and holds no event's words. */
  #events(bytes) {
    let [at, end] = [0, 0];
    for (; (end = bytes.indexOf("\n\n", at)) >= 0; at = end + 2) this.#told(bytes.latin1Slice(at, end));
    return at;
  }

  #frames(bytes) {
    let at = 0;
    if (!this.#isUpgraded) {
      const head = bytes.indexOf("\r\n\r\n");
      if (head < 0) return 0;
      this.#isUpgraded = true;
      at = head + 4;
      this.#send(TEXT, Buffer.from('{"type":"subscribe","room":"general"}'));
    }
    while (bytes.length - at >= 4 || (bytes.length - at >= 2 && bytes[at + 1] < 126)) {
      const isLong = bytes[at + 1] === 126;
      const from = at + (isLong ? 4 : 2);
      const end = from + (isLong ? bytes.readUInt16BE(at + 2) : bytes[at + 1]);
      if (end > bytes.length) break;
      const kind = bytes[at] & 15;
      if (kind === TEXT) this.#told(bytes.latin1Slice(from, end));
      if (kind === PING) this.#send(PONG, bytes.subarray(from, end));
      at = end;
    }
    return at;
  }

  /** A short frame under a mask of zeros. */
  #send(kind, payload) {
    this.socket.write(Buffer.concat([Buffer.from([128 | kind, 128 | payload.length, 0, 0, 0, 0]), payload]));
  }

  #told(text) {
    const createdAt = text.indexOf('"created_at_ms":');
    if (createdAt < 0) return text.includes("ready") && this.onReady();
    const seq = parseInt(text.slice(text.lastIndexOf('"seq":') + 6), 10);
    if (this.#seq !== 0 && seq !== this.#seq + 1) gaps++;
    this.#seq = seq;
    if (counting) latencies.add(nowMs() - parseInt(text.slice(createdAt + 16), 10));
    const count = (arrived.get(seq) ?? 0) + 1;
    arrived.set(seq, count);
    if (count === followers) waiting.get(seq)?.();
  }
}

const agent = new http.Agent({ keepAlive: true });

/** Creates a message and gives its position, undefined where that failed. */
function create() {
  sent++;
  return new Promise((resolve) => {
    const headers = { "content-type": "application/json", "content-length": CREATION.length };
    const request = http.request({ agent, port, host: "127.0.0.1", method: "POST", path: "/v1/messages", headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part) => text += part);
      response.on("end", () => resolve(response.statusCode === 201 ? JSON.parse(text).seq : undefined));
    });
    request.on("error", () => resolve(undefined));
    request.end(CREATION);
  }).then((seq) => seq ?? void failed++);
}

async function sendUntilDelivered(isOver) {
  while (!isOver()) {
    const seq = await create();
    if (seq !== undefined && (arrived.get(seq) ?? 0) < followers) await new Promise((resolve) => waiting.set(seq, resolve));
    waiting.delete(seq);
    arrived.delete(seq);
  }
}

/** Starts to send as the order asks; gives what ends it. */
function startSending({ inFlight = 0, rate }) {
  let isOver = false;
  const loops = Array.from({ length: inFlight }, () => sendUntilDelivered(() => isOver));
  const pacer = rate === undefined ? undefined : setInterval(create, 1_000 / rate);
  return async () => {
    isOver = true;
    clearInterval(pacer);
    await Promise.race([Promise.all(loops), sleep(5_000)]);
  };
}

async function carryOut(order) {
  latencies = new Latencies();
  const stop = startSending(order);
  await sleep((order.warmup ?? 0.5) * 1_000);
  counting = true;
  const begun = performance.now();
  await sleep(order.seconds * 1_000);
  counting = false;
  const seconds = (performance.now() - begun) / 1_000;
  await stop();
  const [p50, p99] = [latencies.quantile(0.5), latencies.quantile(0.99)];
  return { perSecond: latencies.total / seconds, p50, p99, gaps, ended, failed, sent };
}

for (let open = 0; open < followers; open += OPENING) {
  await Promise.all(Array.from({ length: Math.min(OPENING, followers - open) }, () => new Follower().ready));
}
console.log(JSON.stringify({ open: followers }));
for await (const line of readline.createInterface({ input: process.stdin })) console.log(JSON.stringify(await carryOut(JSON.parse(line))));
process.exit(0);
