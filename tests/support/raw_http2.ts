/**
 * HTTP/2 by hand (RFC 9113): what no library would send, and clients that do not read. Works over TCP and TLS.
 *
 * @module
 */

/** Frame types. */
export const frames = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7, windowUpdate: 8, continuation: 9 } as const;
/** Frame flags. */
export const flags = { none: 0, endStream: 1, ack: 1, endHeaders: 4 } as const;
/** Settings' numbers. */
export const settings = { headerTableSize: 1, maxConcurrentStreams: 3, initialWindowSize: 4, maxFrameSize: 5 } as const;

const PREFACE = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const encoder = new TextEncoder();

/** What to trust of a server that speaks TLS; none: plain text. */
export interface RawOptions {
  readonly ca?: string;
}

/** One connection. It reads only where a method says so. */
export class RawConnection implements Disposable {
  readonly #line: Deno.Conn;
  #closed = false;

  private constructor(line: Deno.Conn) {
    this.#line = line;
  }

  /** Connects, without a word of HTTP/2. */
  static async open(port: number, { ca }: RawOptions = {}): Promise<RawConnection> {
    const place = { hostname: "127.0.0.1", port };
    const line = ca === undefined ? await Deno.connect(place) : await Deno.connectTls({ ...place, caCerts: [ca], alpnProtocols: ["h2"] });
    return new RawConnection(line);
  }

  /** Connects and says what every client says first. */
  static async greet(
    port: number,
    options: RawOptions & { readonly settings?: readonly (readonly [number, number])[] } = {},
  ): Promise<RawConnection> {
    const connection = await RawConnection.open(port, options);
    await connection.send(PREFACE, settingsFrame(options.settings ?? []));
    return connection;
  }

  /** Writes pieces in one go. Rejects when the server has closed the connection. */
  async send(...pieces: readonly Uint8Array[]): Promise<void> {
    const bytes = joined(pieces);
    for (let sent = 0; sent < bytes.length;) sent += await this.#line.write(bytes.subarray(sent));
  }

  /** Reads frames and tells of each, until the server closes the connection or `take` gives false; answers pings unless told not to. */
  async read(take: (type: number, payload: Uint8Array, stream: number) => boolean | void, { silent = false } = {}): Promise<void> {
    let rest: Uint8Array<ArrayBuffer> = new Uint8Array();
    const buffer = new Uint8Array(65_536);
    for (let count = await this.#receive(buffer); count !== null; count = await this.#receive(buffer)) {
      rest = joined([rest, buffer.subarray(0, count)]);
      while (rest.length >= 9) {
        const length = rest[0]! << 16 | rest[1]! << 8 | rest[2]!;
        if (rest.length < 9 + length) break;
        const [type, flag] = [rest[3]!, rest[4]!];
        const payload = rest.slice(9, 9 + length);
        const stream = new DataView(rest.buffer, rest.byteOffset).getUint32(5);
        rest = rest.slice(9 + length);
        if (!silent && type === frames.ping && flag === flags.none) {
          await this.send(frame(frames.ping, flags.ack, 0, payload)).catch(() => {});
        }
        if (take(type, payload, stream) === false) return;
      }
    }
  }

  /** Resolves when the server has closed the connection, throwing away what comes; answers nothing. */
  async closed(): Promise<void> {
    const buffer = new Uint8Array(65_536);
    while (await this.#receive(buffer) !== null);
  }

  [Symbol.dispose](): void {
    if (!this.#closed) this.#line.close();
    this.#closed = true;
  }

  /** Null at the end, whichever way it came. */
  async #receive(buffer: Uint8Array): Promise<number | null> {
    try {
      return await this.#line.read(buffer);
    } catch {
      return null;
    }
  }
}

/** One frame. */
export function frame(type: number, flag: number, stream: number, payload: Uint8Array = new Uint8Array()): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(9 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, payload.length << 8 | type);
  bytes[4] = flag;
  view.setUint32(5, stream);
  bytes.set(payload, 9);
  return bytes;
}

/** A SETTINGS frame. */
export function settingsFrame(values: readonly (readonly [number, number])[]): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(values.length * 6);
  const view = new DataView(payload.buffer);
  values.forEach(([id, value], index) => {
    view.setUint16(index * 6, id);
    view.setUint32(index * 6 + 2, value);
  });
  return frame(frames.settings, flags.none, 0, payload);
}

/** The headers of a gRPC call of the message service, and more. */
export function callHeaders(method: string, more: Readonly<Record<string, string>> = {}): Uint8Array<ArrayBuffer> {
  return headerBlock({
    ":method": "POST",
    ":scheme": "http",
    ":authority": "localhost",
    ":path": `/chat.MessageService/${method}`,
    "content-type": "application/grpc",
    te: "trailers",
    ...more,
  });
}

/** A whole call: headers, and one message that ends the client's side unless it shall stay open. */
export function call(stream: number, method: string, message: Uint8Array, { open = false } = {}): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(5 + message.length);
  new DataView(body.buffer).setUint32(1, message.length);
  body.set(message, 5);
  const end = open ? flags.none : flags.endStream;
  return joined([frame(frames.headers, flags.endHeaders, stream, callHeaders(method)), frame(frames.data, end, stream, body)]);
}

/** Headers in HPACK (RFC 7541), each in full and remembered by nobody. */
export function headerBlock(headers: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> {
  return joined(Object.entries(headers).flatMap(([name, value]) => [Uint8Array.of(0), hpackText(name), hpackText(value)]));
}

function hpackText(text: string): Uint8Array<ArrayBuffer> {
  const bytes = encoder.encode(text);
  const length: number[] = [Math.min(bytes.length, 127)];
  if (bytes.length >= 127) {
    let rest = bytes.length - 127;
    for (; rest >= 128; rest = rest >> 7) length.push(rest & 127 | 128);
    length.push(rest);
  }
  return joined([Uint8Array.from(length), bytes]);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
