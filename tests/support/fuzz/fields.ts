/**
 * Protobuf by hand, so that a fuzzer can write what no encoder would: any field number, wire type, length and byte.
 *
 * @module
 */
import { PROTOS } from "../../../src/wire/generated/protos.ts";

/** One field of a request type. */
export interface FieldShape {
  readonly name: string;
  readonly number: number;
  readonly kind: "text" | "number" | "entries";
}

/** The wire types of protobuf's encoding. */
export const wireTypes = { varint: 0, fixed64: 1, bytes: 2, groupStart: 3, groupEnd: 4, fixed32: 5 } as const;

/** One field as it goes into a message: for `bytes` the payload, for `varint` the number. */
export interface RawField {
  readonly number: number;
  readonly wireType: number;
  readonly value: bigint | Uint8Array;
}

/** The request of each RPC of the message service. */
export const requestTypes = {
  CreateMessage: "CreateMessageRequest",
  GetMessages: "GetMessagesRequest",
  GetMessage: "GetMessageRequest",
  UpdateMessage: "UpdateMessageRequest",
  DeleteMessage: "DeleteMessageRequest",
  ListRevisions: "ListRevisionsRequest",
  StreamMessages: "MessageStreamRequest",
} as const;

/** The name of an RPC. */
export type RpcName = keyof typeof requestTypes;

/** Every RPC. */
export const rpcNames = Object.keys(requestTypes) as readonly RpcName[];

/** The fields of an RPC's request, from the protos themselves. */
export function fieldsOf(rpc: RpcName): readonly FieldShape[] {
  const types = PROTOS.nested.chat.nested as unknown as Readonly<Record<string, { readonly fields: Readonly<Record<string, ProtoField>> }>>;
  return Object.entries(types[requestTypes[rpc]]?.fields ?? {}).map(([name, { id, type, keyType }]) => ({
    name,
    number: id,
    kind: keyType !== undefined ? "entries" : type === "string" ? "text" : "number",
  }));
}

interface ProtoField {
  readonly id: number;
  readonly type: string;
  readonly keyType?: string;
}

/** A base-128 varint of 64 bits. */
export function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}

/** A message from its fields, as they are. */
export function encodeFields(fields: readonly RawField[]): Uint8Array {
  return concat(fields.map(encodeField));
}

function encodeField({ number, wireType, value }: RawField): Uint8Array {
  const tag = varint((BigInt(number) << 3n) | BigInt(wireType));
  if (typeof value === "bigint") return concat([tag, varint(value)]);
  return wireType === wireTypes.bytes ? concat([tag, varint(BigInt(value.length)), value]) : concat([tag, value]);
}

/** The parts in one. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A gRPC message: the flag, the length that is claimed, the bytes. */
export function frame(message: Uint8Array, { flag = 0, length = message.length } = {}): Uint8Array {
  const header = new Uint8Array(5);
  header[0] = flag;
  new DataView(header.buffer).setUint32(1, length);
  return concat([header, message]);
}
