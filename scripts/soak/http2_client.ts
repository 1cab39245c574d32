/**
 * One tormenting client of the HTTP/2 soak, in a process of its own: opens connections, has many calls in flight, and leaves in the way that
 * `--leave` names. It uses the runtime's HTTP/2 without the cure, because it stands for a stranger; that it may die itself counts for nothing.
 * Prints one line when its calls are in flight.
 *
 * @module
 */
import http2, { type ClientHttp2Session } from "node:http2";
import { parseArgs } from "node:util";
import type { Buffer } from "node:buffer";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    port: { type: "string", default: "50051" },
    /** goaway, destroy, close, rst or stay (until it is killed). */
    leave: { type: "string", default: "goaway" },
    connections: { type: "string", default: "1" },
    calls: { type: "string", default: "100" },
    "idle-ms": { type: "string", default: "0" },
    tls: { type: "boolean", default: false },
  },
});

/** `CreateMessage` with content "hello", username "soak" and type "text". */
const BODY = Uint8Array.fromHex("00000000130a0568656c6c6f1204736f616b1a0474657874");

let announced = false;
await Promise.all(Array.from({ length: Number(values.connections) }, torment));
Deno.exit(0);

async function torment(): Promise<void> {
  const session = http2.connect(`${values.tls ? "https" : "http"}://127.0.0.1:${values.port}`, { rejectUnauthorized: false });
  const closed = new Promise<void>((resolve) => {
    session.on("error", () => resolve());
    session.on("close", () => resolve());
  });
  await Promise.race([new Promise<void>((resolve) => session.on("connect", () => resolve())), closed]);
  const calls = Array.from({ length: Number(values.calls) }, (_, index) => call(session, values.leave === "rst" && index % 2 === 0));
  if (!announced) console.log("in flight");
  announced = true;
  if (values.leave === "goaway" || values.leave === "close") await Promise.race([Promise.all(calls), closed]);
  await new Promise((resolve) => setTimeout(resolve, values.leave === "stay" ? 60_000 : Number(values["idle-ms"])));
  if (values.leave === "goaway") {
    session.goaway(0, 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  values.leave === "close" ? session.close() : session.destroy();
  await closed;
}

function call(session: ClientHttp2Session, reset: boolean): Promise<void> {
  return new Promise<void>((resolve) => {
    const headers = {
      ":method": "POST",
      ":path": "/chat.MessageService/CreateMessage",
      "content-type": "application/grpc",
      te: "trailers",
    };
    const stream = session.request(headers);
    stream.on("error", () => resolve());
    stream.on("close", () => resolve());
    stream.resume();
    stream.end(BODY as Buffer);
    if (reset) setTimeout(() => stream.close(http2.constants.NGHTTP2_CANCEL), 1);
  });
}
