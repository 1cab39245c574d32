/**
 * The fan-out of `load_client.mjs` over NATS core: one publisher, `subscribers` subscriptions over `connections`, `senders` messages under way, each
 * until every subscriber has it. One argument, a JSON object; answers with one JSON line. Runs on Node and on Deno.
 */
import { Buffer } from "node:buffer";
import net from "node:net";
import process from "node:process";

const options = JSON.parse(process.argv[2]);
/** As long as an ordinary message of ours on the wire; begins with its number and the time it was sent. */
const PAYLOAD = 128;
const latencies = [];
const missing = new Map();
let [counting, over, deliveries, sent] = [false, false, 0, 0];

function connect(onMessage) {
  const socket = net.connect(options.port, "127.0.0.1");
  let rest;
  const opened = new Promise((resolve) => socket.once("connect", resolve));
  socket.write('CONNECT {"verbose":false,"pedantic":false}\r\n');
  socket.on("data", (chunk) => {
    const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (;;) {
      const lineEnd = bytes.indexOf(10, at);
      if (lineEnd < 0) break;
      if (bytes[at] === 77) { // MSG
        const end = lineEnd + 1 + PAYLOAD + 2;
        if (end > bytes.length) break;
        onMessage(bytes, lineEnd + 1);
        at = end;
      } else {
        if (bytes[at] === 80 && bytes[at + 1] === 73) socket.write("PONG\r\n"); // PING
        else if (bytes[at] === 80) socket.emit("pong");
        at = lineEnd + 1;
      }
    }
    rest = at === bytes.length ? undefined : bytes.subarray(at);
  });
  return opened.then(() => socket);
}

function receive(bytes, at) {
  const number = bytes.readDoubleLE(at);
  if (counting) {
    deliveries++;
    latencies.push(performance.now() - bytes.readDoubleLE(at + 8));
  }
  const left = missing.get(number) - 1;
  if (left > 0) return void missing.set(number, left);
  missing.delete(number);
  if (!over) publish();
}

const sockets = await Promise.all(Array.from({ length: options.connections }, () => connect(receive)));
for (let index = 0; index < options.subscribers; index++) sockets[index % sockets.length].write(`SUB room ${index + 1}\r\n`);
await Promise.all(sockets.map((socket) => new Promise((resolve) => (socket.once("pong", resolve), socket.write("PING\r\n")))));
const publisher = await connect(() => {});

function publish() {
  const payload = Buffer.alloc(PAYLOAD, "x");
  payload.writeDoubleLE(++sent, 0);
  payload.writeDoubleLE(performance.now(), 8);
  missing.set(sent, options.subscribers);
  publisher.write(Buffer.concat([Buffer.from(`PUB room ${PAYLOAD}\r\n`), payload, Buffer.from("\r\n")]));
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
for (let index = 0; index < options.senders; index++) publish();
await sleep((options.warmup ?? 1) * 1000);
counting = true;
const begun = performance.now();
await sleep(options.seconds * 1000);
counting = false;
over = true;
const seconds = (performance.now() - begun) / 1000;
const sorted = Float64Array.from(latencies).sort();
const quantile = (q) => sorted[Math.floor(sorted.length * q)] ?? NaN;
console.log(JSON.stringify({ deliveries, perSecond: deliveries / seconds, p50: quantile(0.5), p99: quantile(0.99) }));
process.exit(0);
