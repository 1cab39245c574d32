/**
 * Refuses what protobufjs takes without a word: a field in another wire format than its own, text that is no UTF-8, lengths that lie.
 * Unknown fields are passed over, as newer clients may send them.
 *
 * @module
 */
import { ChatError, invalidField } from "../core/errors.ts";
import { PROTOS } from "./generated/protos.ts";

/** A protobuf wire format; groups (3 and 4) are not spoken here. */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;
const FORMAT_NAMES: Readonly<Record<number, string>> = { 0: "varint", 1: "64-bit", 2: "length-delimited", 5: "32-bit" };
/** Decoders cut larger ones to 32 bits, and find another field there. */
const MAX_FIELD_NUMBER = 2 ** 29 - 1;
const SCALAR_FORMATS: Readonly<Record<string, number>> = {
  ...{ string: LENGTH, bytes: LENGTH },
  ...{ int32: VARINT, int64: VARINT, uint32: VARINT, uint64: VARINT, sint32: VARINT, sint64: VARINT, bool: VARINT },
  ...{ double: FIXED64, fixed64: FIXED64, sfixed64: FIXED64 },
  ...{ float: FIXED32, fixed32: FIXED32, sfixed32: FIXED32 },
};
const utf8 = new TextDecoder("utf-8", { fatal: true });
/** ASCII up to this is looked through here: quicker than a call of the runtime. */
const SHORT_TEXT_BYTES = 64;

/** What a field's bytes must look like. */
interface FieldShape {
  readonly name: string;
  readonly format: number;
  /** Repeated numbers may come packed into one length-delimited field. */
  readonly packable: boolean;
  readonly isText: boolean;
  /** Read as 64 bits. */
  readonly isWide: boolean;
  readonly message: MessageShape | undefined;
}

type MessageShape = ReadonlyMap<number, FieldShape>;

/** A field in protobufjs's notation. */
interface FieldJson {
  readonly type: string;
  readonly id: number;
  readonly rule?: string;
  readonly keyType?: string;
}

/** A message has fields, an enum has values. */
type TypesJson = Readonly<Record<string, { readonly fields?: Readonly<Record<string, FieldJson>>; readonly values?: object }>>;

const types: TypesJson = PROTOS.nested.chat.nested as unknown as TypesJson;
const shapes = new Map<string, MessageShape>();

/** Throws `invalid_argument`, naming the field where there is one, unless the bytes are well-formed for the message type of package `chat`. */
export function checkWire(messageType: string, bytes: Uint8Array): void {
  new Walk(bytes).message(shapeOf(messageType), bytes.length);
}

class Walk {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  message(shape: MessageShape, end: number): void {
    while (this.#at < end) {
      const tag = this.#varint(end);
      const number = Math.floor(tag / 8);
      if (number === 0 || number > MAX_FIELD_NUMBER) throw unreadable(`has a field number ${number}`);
      this.#field(shape.get(number), tag % 8, end);
    }
  }

  #field(field: FieldShape | undefined, format: number, end: number): void {
    const packed = field?.packable === true && format === LENGTH;
    if (field !== undefined && format !== field.format && !packed) {
      const names = `${FORMAT_NAMES[field.format]}, got ${FORMAT_NAMES[format] ?? `format ${format}`}`;
      throw invalidField(field.name, `must be ${names} on the wire`);
    }
    if (format === VARINT) this.#varint(end, field === undefined || field.isWide);
    else if (format === FIXED64) this.#skip(8, end);
    else if (format === FIXED32) this.#skip(4, end);
    else if (format === LENGTH) this.#lengthDelimited(field, packed, end);
    else throw unreadable(`has wire format ${format}`);
  }

  #lengthDelimited(field: FieldShape | undefined, packed: boolean, end: number): void {
    const length = this.#varint(end);
    const start = this.#at;
    if (length > end - start) throw unreadable(`ends within ${field === undefined ? "a field" : `field \`${field.name}\``}`);
    if (field === undefined || packed) this.#at = start + length;
    else if (field.message !== undefined) this.message(field.message, start + length);
    else {
      this.#at = start + length;
      if (field.isText && !isText(this.#bytes, start, this.#at)) throw invalidField(field.name, "must be UTF-8, got other bytes");
    }
  }

  #skip(count: number, end: number): void {
    if (count > end - this.#at) throw unreadable("ends within a number");
    this.#at += count;
  }

  /**
   * Exact up to 2^53, which is far more than tags and lengths need. No encoder writes 6 to 9 bytes for a number of 32 bits (a negative one has 10),
   * and protobufjs takes them for 10: it would go on in the middle of what follows.
   */
  #varint(end: number, isWide = false): number {
    let value = 0;
    let factor = 1;
    for (let count = 0; count < 10; count++) {
      if (this.#at >= end) throw unreadable("ends within a number");
      const byte = this.#bytes[this.#at++]!;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        if (!isWide && count >= 5 && count < 9) throw unreadable(`has a number of 32 bits in ${count + 1} bytes`);
        return value;
      }
      factor *= 128;
    }
    throw unreadable("has a number of more than 10 bytes");
  }
}

function isText(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start <= SHORT_TEXT_BYTES) {
    let at = start;
    while (at < end && bytes[at]! < 0x80) at++;
    if (at === end) return true;
  }
  try {
    utf8.decode(bytes.subarray(start, end));
    return true;
  } catch {
    return false;
  }
}

function unreadable(problem: string): ChatError {
  return new ChatError("invalid_argument", `The request is no protobuf message of its type: it ${problem}`);
}

function shapeOf(messageType: string): MessageShape {
  const known = shapes.get(messageType);
  if (known !== undefined) return known;
  const shape = new Map<number, FieldShape>();
  shapes.set(messageType, shape);
  for (const [name, field] of Object.entries(types[messageType]?.fields ?? {})) {
    const fieldShape = shapeOfField(name, field);
    if (fieldShape !== undefined) shape.set(field.id, fieldShape);
  }
  return shape;
}

/** Undefined for a type of another package: such a field is passed over like an unknown one. */
function shapeOfField(camelCase: string, field: FieldJson): FieldShape | undefined {
  const name = camelCase.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  if (field.keyType !== undefined) return { ...ofMessage(name), message: mapEntry(name, field.keyType, field.type) };
  const named = types[field.type];
  if (named?.fields !== undefined) return { ...ofMessage(name), message: shapeOf(field.type) };
  const format = named?.values === undefined ? SCALAR_FORMATS[field.type] : VARINT;
  if (format === undefined) return undefined;
  const packable = field.rule === "repeated" && format !== LENGTH;
  return { name, format, packable, isText: field.type === "string", isWide: field.type.endsWith("64"), message: undefined };
}

function ofMessage(name: string): Omit<FieldShape, "message"> {
  return { name, format: LENGTH, packable: false, isText: false, isWide: false };
}

/** A map is a repeated message of key and value; both go by the map's name. */
function mapEntry(name: string, keyType: string, type: string): MessageShape {
  const parts = [shapeOfField(name, { type: keyType, id: 1 }), shapeOfField(name, { type, id: 2 })];
  return new Map(parts.flatMap((part, index) => part === undefined ? [] : [[index + 1, { ...part, name }]]));
}
