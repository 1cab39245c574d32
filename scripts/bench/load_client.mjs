/**
 * A gRPC load generator over bare HTTP/2, cheap enough to measure a server and not itself; runs on Node and on Deno without any package.
 * One argument, a JSON object; answers with one JSON line.
 *
 * `mode: "unary"`: CreateMessage (or `method` with `body`, base64), `inFlight` calls over `connections` for `seconds` (after `warmup` seconds); `kind` same, users or keyed.
 * `mode: "open"`: `rate` calls a second for `seconds` whatever becomes of them; tells how many were answered within `patience` ms, how many refused
 * (RESOURCE_EXHAUSTED) and how soon.
 * `mode: "stream"`: `subscribers` StreamMessages over `connections`; then `senders` at once for `seconds`, each with one message under way until
 * it is answered and, with `untilDelivered`, until every subscriber has it; or `rate` messages a second without waiting for any.
 * `mode: "idle"`: `subscribers` streams that get nothing; says so when they stand, and ends with its input.
 */
import { Buffer } from "node:buffer";
import http2 from "node:http2";
import process from "node:process";
import { Latencies } from "./latencies.mjs";

const options = JSON.parse(process.argv[2]);
const encoder = new TextEncoder();
const CONTENT = "Hello, this is an ordinary line of chat, neither short nor long.";

/** A field of text. */
function text(number, value) {
  const bytes = encoder.encode(value);
  return [(number << 3) | 2, ...(bytes.length < 128 ? [bytes.length] : [bytes.length & 127 | 128, bytes.length >> 7]), ...bytes];
}

function frame(message) {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, Buffer.from(message)]);
}

let made = 0;
function creation() {
  const count = ++made;
  const user = options.kind === "users" || options.kind === "keyed" ? `user-${count % 1000}` : "user-1";
  const key = options.kind === "keyed" ? text(6, `${process.pid}-${count}`) : [];
  return frame([...text(1, CONTENT), ...text(2, user), ...key]);
}

function headers(method) {
  return { ":method": "POST", ":path": `/chat.MessageService/${method}`, "content-type": "application/grpc", te: "trailers" };
}

const CREATE = headers(options.method ?? "CreateMessage");
const fixedCreation = options.body !== undefined
  ? Buffer.from(options.body, "base64")
  : options.kind === undefined || options.kind === "same"
  ? creation()
  : undefined;

function connect() {
  const session = http2.connect(`http://127.0.0.1:${options.port}`, { maxSessionMemory: 1_000 });
  session.on("error", (error) => console.error("connection:", error.message));
  return new Promise((resolve) => session.once("connect", () => resolve(session)));
}

/** One CreateMessage; resolves to whether it was answered with OK. */
function create(session, done) {
  const stream = session.request(CREATE);
  let status;
  const onHeaders = (received) => status ??= received["grpc-status"];
  stream.on("response", onHeaders);
  stream.on("trailers", onHeaders);
  stream.on("error", () => {});
  stream.on("data", () => {});
  stream.on("close", () => done(status === "0"));
  stream.end(fixedCreation ?? creation());
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const nowMs = () => performance.timeOrigin + performance.now();

async function unary() {
  const sessions = await Promise.all(Array.from({ length: options.connections }, connect));
  const latencies = new Latencies();
  let [calls, failed, counting, over] = [0, 0, false, false];
  const loops = Array.from({ length: options.inFlight }, (_, index) =>
    new Promise((resolve) => {
      const next = () => {
        const begun = performance.now();
        create(sessions[index % sessions.length], (ok) => {
          if (counting) {
            calls += ok ? 1 : 0;
            failed += ok ? 0 : 1;
            latencies.add(performance.now() - begun);
          }
          over || (!ok && failed > 1_000) ? resolve() : next();
        });
      };
      next();
    }));
  await sleep((options.warmup ?? 1) * 1000);
  counting = true;
  const begun = performance.now();
  await sleep(options.seconds * 1000);
  counting = false;
  over = true;
  const seconds = (performance.now() - begun) / 1000;
  await Promise.all(loops);
  for (const session of sessions) session.close();
  return { calls, failed, perSecond: calls / seconds, p50: latencies.quantile(0.5), p99: latencies.quantile(0.99) };
}

/** Calls come when they come, as from people: nobody waits for an answer before the next one calls. */
async function open() {
  const sessions = await Promise.all(Array.from({ length: options.connections }, connect));
  const [answered, refused] = [new Latencies(), new Latencies()];
  let [sent, late, failed, under, counting] = [0, 0, 0, 0, false];
  const send = () => {
    const counted = counting;
    const begun = performance.now();
    under++;
    sent += counted ? 1 : 0;
    status(sessions[Math.floor(Math.random() * sessions.length)], (code) => {
      under--;
      if (!counted) return;
      const ms = performance.now() - begun;
      if (code === "8") refused.add(ms);
      else if (code !== "0") failed++;
      else if (ms <= options.patience) answered.add(ms);
      else late++;
    });
  };
  const from = performance.now();
  let due = 0;
  const pacer = setInterval(() => {
    for (const want = (performance.now() - from) / 1000 * options.rate; due < want; due++) send();
  }, 1);
  await sleep((options.warmup ?? 2) * 1000);
  counting = true;
  const begun = performance.now();
  await sleep(options.seconds * 1000);
  counting = false;
  clearInterval(pacer);
  const seconds = (performance.now() - begun) / 1000;
  for (let waits = 0; under > 0 && waits < 50; waits++) await sleep(100);
  for (const session of sessions) session.destroy();
  return {
    offeredPerSecond: sent / seconds,
    goodPerSecond: answered.total / seconds,
    goodP99: answered.quantile(0.99),
    refusedPerSecond: refused.total / seconds,
    refusedP99: refused.quantile(0.99),
    refusedMax: refused.quantile(0.9999),
    late,
    failed,
    lost: under,
  };
}

/** One call; resolves to its gRPC status, undefined when there was none. */
function status(session, done) {
  const stream = session.request(CREATE);
  let code;
  const onHeaders = (received) => code ??= received["grpc-status"];
  stream.on("response", onHeaders);
  stream.on("trailers", onHeaders);
  stream.on("error", () => {});
  stream.on("data", () => {});
  stream.on("close", () => done(code));
  stream.end(fixedCreation ?? creation());
}

/** What a subscriber makes of its bytes: the gRPC messages in them, across the borders of chunks. */
class Subscriber {
  #rest;
  seq = 0;

  constructor(onMessage) {
    this.onMessage = onMessage;
  }

  take(chunk) {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= 5) {
      const end = at + 5 + bytes.readUInt32BE(at + 1);
      if (end > bytes.length) break;
      this.#message(bytes, at + 5, end);
      at = end;
    }
    this.#rest = at === bytes.length ? undefined : bytes.subarray(at);
  }

  /** Reads `seq` (8) and `created_at_ms` (11). */
  #message(bytes, from, end) {
    let [at, seq, createdAtMs] = [from, 0, 0];
    while (at < end) {
      const tag = bytes[at++];
      let [value, scale] = [0, 1];
      let byte;
      do {
        byte = bytes[at++];
        value += (byte & 127) * scale;
        scale *= 128;
      } while (byte > 127);
      if ((tag & 7) === 2) at += value;
      else if (tag === 64) seq = value;
      else if (tag === 88) createdAtMs = value;
    }
    const gap = this.seq !== 0 && seq !== this.seq + 1;
    this.seq = seq;
    this.onMessage(seq, createdAtMs, gap);
  }
}

async function subscribe(onMessage, onEnd) {
  const sessions = await Promise.all(Array.from({ length: options.connections }, connect));
  const opened = [];
  for (let index = 0; index < options.subscribers; index++) {
    const stream = sessions[index % sessions.length].request(headers("StreamMessages"));
    const subscriber = new Subscriber(onMessage);
    stream.on("data", (chunk) => subscriber.take(chunk));
    stream.on("error", () => {});
    stream.on("close", onEnd);
    stream.write(frame(text(1, "all")));
    opened.push(new Promise((resolve) => stream.once("response", resolve)));
  }
  await Promise.all(opened);
  return sessions;
}

async function stream() {
  const latencies = new Latencies();
  const missing = new Map();
  const early = new Map();
  let [counting, over, ended, gaps, deliveries, lastAt] = [false, false, 0, 0, 0, 0];
  const delivered = (seq) => {
    const waiting = missing.get(seq);
    if (waiting === undefined) return void early.set(seq, (early.get(seq) ?? 0) + 1);
    if (--waiting.left > 0) return;
    missing.delete(seq);
    waiting.done();
  };
  const sessions = await subscribe((seq, createdAtMs, gap) => {
    if (gap) gaps++;
    if (counting) {
      lastAt = nowMs();
      deliveries++;
      latencies.add(lastAt - createdAtMs);
    }
    if (options.untilDelivered) delivered(seq);
  }, () => ended++);
  const sender = await connect();
  let [sent, failed] = [0, 0];
  const send = (done) => {
    sent++;
    createSeq(sender, (seq) => {
      if (seq === undefined) failed++;
      if (!options.untilDelivered || seq === undefined) return done();
      const left = options.subscribers - (early.get(seq) ?? 0);
      early.delete(seq);
      left <= 0 ? done() : missing.set(seq, { left, done });
    });
  };
  const loops = Array.from({ length: options.senders ?? 0 }, () =>
    new Promise((resolve) => {
      const next = () => over ? resolve() : send(next);
      next();
    }));
  let pacer;
  if (options.rate !== undefined) {
    const from = performance.now();
    let due = 0;
    pacer = setInterval(() => {
      for (const want = (performance.now() - from) / 1000 * options.rate; due < want; due++) send(() => {});
    }, 1);
  }
  await sleep((options.warmup ?? 1) * 1000);
  counting = true;
  const begun = performance.now();
  await sleep(options.seconds * 1000);
  counting = false;
  const seconds = (performance.now() - begun) / 1000;
  over = true;
  clearInterval(pacer);
  await Promise.race([Promise.all(loops), sleep(3_000)]);
  const result = {
    deliveries,
    perSecond: deliveries / seconds,
    p50: latencies.quantile(0.5),
    p99: latencies.quantile(0.99),
    gaps,
    ended,
    failed,
    sent,
  };
  for (const session of [sender, ...sessions]) session.destroy();
  return result;
}

/** One CreateMessage whose answer's position matters. */
function createSeq(session, done) {
  const stream = session.request(CREATE);
  let seq;
  const answer = new Subscriber((position) => seq = position);
  stream.on("error", () => {});
  stream.on("data", (chunk) => answer.take(chunk));
  stream.on("close", () => done(seq));
  stream.end(fixedCreation ?? creation());
}

async function idle() {
  const sessions = await subscribe(() => {}, () => {});
  console.log(JSON.stringify({ open: options.subscribers }));
  await new Promise((resolve) => process.stdin.resume().on("end", resolve));
  for (const session of sessions) session.destroy();
}

if (options.mode === "idle") await idle();
else console.log(JSON.stringify(await { unary, open, stream }[options.mode]()));
process.exit(0);
