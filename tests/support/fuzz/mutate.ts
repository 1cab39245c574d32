/**
 * Requests, valid and broken: a message's fields get values from the edges of what is allowed and beyond, then bytes and frame are damaged.
 *
 * @module
 */
import { gzipSync } from "node:zlib";
import type { Random } from "../seeded.ts";
import { concat, encodeFields, type FieldShape, fieldsOf, frame, type RawField, type RpcName, varint, wireTypes } from "./fields.ts";

/** A request as it goes over the wire. */
export interface FuzzRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** What was done to it, for the report. */
  readonly mutation: string;
}

const encoder = new TextEncoder();
const TEXTS: readonly Uint8Array[] = [
  ...[
    "",
    "a",
    "all",
    "general",
    "text",
    "oldest",
    "newest",
    "Hello, world",
    "\0",
    "a\0b",
    "'; drop table messages; --",
    "%s{}[]\\",
    "é漢🙂",
  ],
  ...[
    "x".repeat(128),
    "x".repeat(129),
    "é".repeat(64),
    "x".repeat(1_025),
    "x".repeat(65_536),
    "x".repeat(65_537),
    '"',
    '"a b" -c | d & !',
    "__proto__",
  ],
  ...["\u202e\u0007\u001b[2J", "\r\n\r\n", "\ufffe\uffff", "a b c ".repeat(170), "🙂".repeat(32)],
].map((text) => encoder.encode(text));
/** Not UTF-8: stray and missing continuation bytes, an over-long form, a surrogate, a code point beyond Unicode. */
const NOT_UTF8: readonly Uint8Array[] = [[0xff], [0xc3], [0x80], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [
  0x61,
  0xff,
  0x62,
]]
  .map((bytes) => Uint8Array.from(bytes));
const NUMBERS: readonly bigint[] = [
  0n,
  1n,
  2n,
  3n,
  49n,
  500n,
  501n,
  -1n,
  2n ** 31n - 1n,
  2n ** 31n,
  -(2n ** 31n),
  2n ** 32n,
  2n ** 53n - 1n,
]
  .concat([2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 64n - 1n, 253_402_300_799n, 253_402_300_800n, 1_700_000_000n]);

/** Makes one request of `rpc`: about one in eight is left whole. */
export function fuzzRequest(rpc: RpcName, random: Random): FuzzRequest {
  const fields = randomFields(rpc, random);
  const [name, mutate] = random.pick(MUTATIONS);
  const { body, headers = {}, path = `/chat.MessageService/${rpc}` } = mutate(fields, random);
  return { path, headers, body, mutation: name };
}

function randomFields(rpc: RpcName, random: Random): readonly RawField[] {
  const shapes = fieldsOf(rpc).filter((shape) => isUsual(shape) || random.chance(0.4));
  return shapes.flatMap((shape) => shape.kind === "entries" ? randomEntries(shape, random) : [randomField(shape, random)]);
}

/** Mostly present, so that a good part of the requests gets as far as the database. */
function isUsual({ name }: FieldShape): boolean {
  return name === "content" || name === "id" || name === "username";
}

function randomField({ name, number, kind }: FieldShape, random: Random): RawField {
  if (kind === "number") {
    return { number, wireType: wireTypes.varint, value: random.chance(0.5) ? BigInt(random.below(60)) : random.pick(NUMBERS) };
  }
  const plain = random.chance(0.6);
  const value = plain ? encoder.encode(`${name}-${random.below(5)}`) : random.chance(0.9) ? random.pick(TEXTS) : random.pick(NOT_UTF8);
  return { number, wireType: wireTypes.bytes, value };
}

function randomEntries({ number }: FieldShape, random: Random): readonly RawField[] {
  const count = random.chance(0.05) ? 65 + random.below(10) : random.below(4);
  return Array.from({ length: count }, (_, index) => {
    const text = (plain: string) => random.chance(0.8) ? encoder.encode(plain) : random.pick([...TEXTS, ...NOT_UTF8]);
    const entry = encodeFields([
      { number: 1, wireType: wireTypes.bytes, value: text(`key-${index}`) },
      { number: 2, wireType: wireTypes.bytes, value: text("value") },
    ]);
    return { number, wireType: wireTypes.bytes, value: entry };
  });
}

interface Mutated {
  readonly body: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
}

type Mutation = (fields: readonly RawField[], random: Random) => Mutated;

const bytesOf = (change: (message: Uint8Array, random: Random) => Uint8Array): Mutation => (fields, random) => ({
  body: frame(change(encodeFields(fields), random)),
});
const fieldsBy = (change: (field: RawField, random: Random) => RawField): Mutation => (fields, random) => {
  const at = random.below(Math.max(1, fields.length));
  return { body: frame(encodeFields(fields.map((field, index) => index === at ? change(field, random) : field))) };
};
const frameOf = (change: (message: Uint8Array, random: Random) => Mutated): Mutation => (fields, random) =>
  change(encodeFields(fields), random);

/** Each with the name under which the report counts it. Whole requests are in twice. */
const MUTATIONS: readonly (readonly [string, Mutation])[] = [
  ["whole", bytesOf((message) => message)],
  ["whole", bytesOf((message) => message)],
  ["bit flips", bytesOf(flipBits)],
  ["truncated", bytesOf((message, random) => message.slice(0, random.below(message.length + 1)))],
  ["bytes inserted", bytesOf((message, random) => insert(message, randomBytes(1 + random.below(20), random), random))],
  ["junk", bytesOf((_, random) => randomBytes(random.below(300), random))],
  ["doubled", bytesOf((message) => concat([message, message]))],
  ["field number changed", fieldsBy((field, random) => ({ ...field, number: random.pick([0, 1, 2, 7, 15, 16, 19_000, 536_870_911]) }))],
  ["wire type changed", fieldsBy((field, random) => ({ ...field, wireType: random.below(8) }))],
  ["huge varint", bytesOf((message, random) => insert(message, hugeVarint(random), random))],
  [
    "not UTF-8",
    fieldsBy((field, random) =>
      typeof field.value === "bigint" ? field : { ...field, value: insert(field.value, random.pick(NOT_UTF8), random) }
    ),
  ],
  [
    "U+0000",
    fieldsBy((field, random) =>
      typeof field.value === "bigint" ? field : { ...field, value: insert(field.value, Uint8Array.of(0), random) }
    ),
  ],
  ["deep groups", bytesOf((message, random) => concat([message, new Uint8Array(random.pick([10, 1_000, 100_000])).fill(0x0b)]))],
  ["nested junk", bytesOf((message, random) => concat([message, nested(1 + random.below(200))]))],
  ["wrong length", frameOf((message, random) => ({ body: frame(message, { length: wrongLength(message.length, random) }) }))],
  ["compressed flag", frameOf((message, random) => ({ body: frame(message, { flag: random.pick([1, 1, 2, 255]) }) }))],
  ["encoding", frameOf(encoded)],
  ["no or half a message", frameOf((message, random) => ({ body: frame(message).slice(0, random.below(6)) }))],
  ["two messages", frameOf((message) => ({ body: concat([frame(message), frame(message)]) }))],
  ["headers", frameOf((message, random) => ({ body: frame(message), headers: random.pick(HEADERS) }))],
  ["path", frameOf((message, random) => ({ body: frame(message), path: random.pick(PATHS) }))],
];

const HEADERS: readonly Readonly<Record<string, string>>[] = [
  { "grpc-timeout": "abc" },
  { "grpc-timeout": "99999999H" },
  { "grpc-timeout": "0n" },
  { "grpc-timeout": "-1S" },
  { "content-type": "application/json" },
  { "content-type": "application/grpc+json" },
  { "x-request-id": "x".repeat(4_000) },
  { "x-request-id": "with space and \u00e9" },
  { "junk-bin": "no base64!" },
  { "grpc-accept-encoding": "gzip,br,\u00ff" },
  { "chat-resume-seq": "-1" },
  { "grpc-encoding": "identity" },
];

const PATHS = [
  "/",
  "/chat.MessageService/",
  "/chat.MessageService/Nope",
  "/chat.Nope/GetMessages",
  "/chat.MessageService/CreateMessage/x",
  "/%00",
];

function flipBits(message: Uint8Array, random: Random): Uint8Array {
  const flipped = message.slice();
  for (let count = 1 + random.below(8); count > 0 && flipped.length > 0; count--) {
    const at = random.below(flipped.length);
    flipped[at] = flipped[at]! ^ (1 << random.below(8));
  }
  return flipped;
}

function insert(message: Uint8Array, bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.below(message.length + 1);
  return concat([message.subarray(0, at), bytes, message.subarray(at)]);
}

function randomBytes(length: number, random: Random): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256));
}

/** A number of up to sixteen bytes, which is more than a varint may have; or the claim of a text of gigabytes. */
function hugeVarint(random: Random): Uint8Array {
  const tag = Uint8Array.of((1 + random.below(12)) << 3);
  const long = new Uint8Array(1 + random.below(16)).fill(0xff);
  return random.chance(0.5)
    ? concat([tag, long, Uint8Array.of(random.below(128))])
    : concat([Uint8Array.of(tag[0]! | 2), varint(2n ** 31n - 1n)]);
}

function nested(depth: number): Uint8Array {
  let inner: Uint8Array = new Uint8Array();
  for (; depth > 0; depth--) inner = encodeFields([{ number: 4, wireType: wireTypes.bytes, value: inner }]);
  return inner;
}

function wrongLength(length: number, random: Random): number {
  return random.pick([0, 1, Math.max(0, length - 1), length + 1, length + 1_000, 4_194_305, 2 ** 31, 2 ** 32 - 1]);
}

/** Compressed as announced, announced but damaged, unknown, and a bomb. */
function encoded(message: Uint8Array, random: Random): Mutated {
  const [encoding, body] = random.pick<readonly [string, () => Uint8Array]>([
    ["gzip", () => gzipSync(message)],
    ["gzip", () => message],
    ["gzip", () => gzipSync(message).subarray(0, 12)],
    ["gzip", () => new Uint8Array()],
    ["deflate", () => message],
    ["br", () => message],
    ["nonsense", () => message],
  ]);
  const bomb = random.chance(0.01);
  return { headers: { "grpc-encoding": bomb ? "gzip" : encoding }, body: frame(bomb ? BOMB : body(), { flag: 1 }) };
}

/** 40 MB of zeros, which is ten times the limit of a message. */
const BOMB = gzipSync(new Uint8Array(40_000_000));
