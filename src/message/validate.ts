/**
 * Turns requests into values that the rest of the room trusts. Every refusal is an `invalid_argument` that names the field by its proto name
 * and the value found.
 *
 * @module
 */
import { invalidField } from "../core/errors.ts";
import { DEFAULT_MESSAGE_TYPE, DEFAULT_ROOM, limits } from "../core/limits.ts";
import type {
  CreateMessageRequest,
  GetMessagesRequest,
  MessageKey,
  StreamMessagesRequest,
  UpdateMessageRequest,
} from "../contracts/mod.ts";
import { searchPhrases } from "./words.ts";

const MAX_ID = 2 ** 31 - 1;
/** The last second of the year 9999: beyond it dates have no common written form. */
const MAX_TIMESTAMP = 253_402_300_799;
const encoder = new TextEncoder();

/** A message to store, every default filled in. */
export interface ValidCreate {
  readonly room: string;
  readonly content: string;
  readonly username: string;
  readonly messageType: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Undefined: no promise about repeats. */
  readonly clientMessageId: string | undefined;
}

/** A page to read. Undefined filters do not filter. */
export interface ValidPage {
  readonly room: string;
  readonly limit: number;
  readonly offset: number;
  readonly newestFirst: boolean;
  readonly afterSeq: number | undefined;
  readonly beforeSeq: number | undefined;
  readonly username: string | undefined;
  readonly sinceMs: number | undefined;
  readonly untilMs: number | undefined;
  readonly messageType: string | undefined;
  readonly metadata: Readonly<Record<string, string>> | undefined;
  /** Each phrase is its words in order. */
  readonly search: readonly (readonly string[])[] | undefined;
}

/** An edit. */
export interface ValidUpdate {
  readonly room: string;
  readonly id: number;
  readonly content: string;
  /** Undefined: the metadata stays. */
  readonly metadata: Readonly<Record<string, string>> | undefined;
  readonly ifVersion: number | undefined;
}

/** A subscription. */
export interface ValidSubscription {
  readonly room: string;
  /** Undefined: everybody. */
  readonly username: string | undefined;
  /** Undefined: from now. */
  readonly afterSeq: number | undefined;
  readonly includeChanges: boolean;
}

/** Checks a creation. */
export function validCreate(request: CreateMessageRequest): ValidCreate {
  return {
    room: roomName(request.room),
    content: text("content", request.content, { minBytes: 1, maxBytes: limits.contentBytes }),
    username: text("username", request.username, { minBytes: 1, maxBytes: limits.nameBytes }),
    messageType: text("message_type", request.messageType || DEFAULT_MESSAGE_TYPE, { minBytes: 1, maxBytes: limits.nameBytes }),
    metadata: validMetadata(request.metadata ?? {}),
    clientMessageId: optionalText("client_message_id", request.clientMessageId, limits.nameBytes),
  };
}

/** Checks a page request. */
export function validPage(request: GetMessagesRequest): ValidPage {
  const metadata = request.metadata === undefined ? {} : validMetadata(request.metadata);
  const search = optionalText("search", request.search, limits.searchBytes);
  return {
    room: roomName(request.room),
    limit: integer("limit", request.limit ?? 0, { max: limits.pageMax }) || limits.pageDefault,
    offset: integer("offset", request.offset ?? 0, { max: MAX_ID }),
    newestFirst: isNewestFirst(request.order ?? ""),
    afterSeq: optionalInteger("after_seq", request.afterSeq),
    beforeSeq: optionalInteger("before_seq", request.beforeSeq),
    username: optionalText("username", request.username, limits.nameBytes),
    sinceMs: timestampMs("since_timestamp", request.sinceTimestamp),
    untilMs: timestampMs("until_timestamp", request.untilTimestamp),
    messageType: optionalText("message_type", request.messageType, limits.nameBytes),
    metadata: Object.keys(metadata).length === 0 ? undefined : metadata,
    search: search === undefined ? undefined : validSearch(search),
  };
}

/** Checks an edit. */
export function validUpdate(request: UpdateMessageRequest): ValidUpdate {
  const metadata = validMetadata(request.metadata ?? {});
  if (request.replaceMetadata !== true && Object.keys(metadata).length > 0) {
    throw invalidField("metadata", "needs `replace_metadata` to be true, got entries without it");
  }
  return {
    ...validKey(request),
    content: text("content", request.content, { minBytes: 1, maxBytes: limits.contentBytes }),
    metadata: request.replaceMetadata === true ? metadata : undefined,
    ifVersion: request.ifVersion === undefined ? undefined : integer("if_version", request.ifVersion, { min: 1, max: MAX_ID }),
  };
}

/** Checks the name of one message. */
export function validKey(request: MessageKey): { readonly room: string; readonly id: number } {
  return { room: roomName(request.room), id: integer("id", request.id, { min: 1, max: MAX_ID }) };
}

/** Checks the name of a message to delete: an id that no message can have is as missing as any other. */
export function validDeletion(request: MessageKey): { readonly room: string; readonly id: number } {
  return { room: roomName(request.room), id: integer("id", request.id, { min: -MAX_ID - 1, max: MAX_ID }) };
}

/** Checks a subscription. */
export function validSubscription(request: StreamMessagesRequest): ValidSubscription {
  const subscribeTo = optionalText("subscribe_to", request.subscribeTo, limits.nameBytes);
  return {
    room: roomName(request.room),
    username: subscribeTo === "all" ? undefined : subscribeTo,
    afterSeq: optionalInteger("after_seq", request.afterSeq),
    includeChanges: request.includeChanges ?? false,
  };
}

function roomName(room: string | undefined): string {
  return optionalText("room", room, limits.nameBytes) ?? DEFAULT_ROOM;
}

function optionalText(field: string, value: string | undefined, maxBytes: number): string | undefined {
  return value === undefined || value === "" ? undefined : text(field, value, { minBytes: 1, maxBytes });
}

function text(field: string, value: unknown, size: { readonly minBytes: number; readonly maxBytes: number }): string {
  if (typeof value !== "string") throw invalidField(field, `must be text, got ${typeof value}`);
  const bytes = utf8Bytes(value);
  if (bytes < size.minBytes || bytes > size.maxBytes) {
    throw invalidField(field, `must be ${size.minBytes} to ${size.maxBytes} bytes of UTF-8, got ${bytes}`);
  }
  checkCharacters(field, value);
  return value;
}

/** Postgres cannot store U+0000, and a lone surrogate has no UTF-8. */
function checkCharacters(field: string, value: string): void {
  const nul = value.indexOf("\0");
  if (nul >= 0) throw invalidField(field, `must not hold U+0000, got one at character ${nul}`);
  if (!value.isWellFormed()) {
    throw invalidField(field, `must be well-formed Unicode, got a lone surrogate at character ${loneSurrogate(value)}`);
  }
}

function loneSurrogate(value: string): number {
  return value.search(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/);
}

function utf8Bytes(value: string): number {
  // A short all-ASCII text, the usual case, needs no encoder to be known to fit; its length is its size.
  // deno-lint-ignore no-control-regex -- all of ASCII, control characters included
  return value.length <= 128 && /^[\x00-\x7f]*$/.test(value) ? value.length : encoder.encode(value).byteLength;
}

function validMetadata(metadata: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = Object.entries(metadata);
  if (entries.length > limits.metadataEntries) {
    throw invalidField("metadata", `must have at most ${limits.metadataEntries} entries, got ${entries.length}`);
  }
  let bytes = 0;
  for (const [key, value] of entries) {
    if (typeof value !== "string") throw invalidField("metadata", `must map text to text, got ${typeof value} under one key`);
    bytes += utf8Bytes(key) + utf8Bytes(value);
    checkCharacters("metadata", key);
    checkCharacters("metadata", value);
  }
  if (bytes > limits.metadataBytes) throw invalidField("metadata", `must be at most ${limits.metadataBytes} bytes of UTF-8, got ${bytes}`);
  return metadata;
}

function validSearch(search: string): readonly (readonly string[])[] {
  const phrases = searchPhrases(search);
  if (phrases.length === 0) throw invalidField("search", `must hold a word to look for, got ${JSON.stringify(search)}`);
  return phrases;
}

function isNewestFirst(order: string): boolean {
  if (order === "newest") return true;
  if (order === "" || order === "oldest") return false;
  throw invalidField("order", `must be "oldest" or "newest", got ${JSON.stringify(order.slice(0, 40))}`);
}

function timestampMs(field: string, seconds: number | undefined): number | undefined {
  return seconds === undefined || seconds === 0 ? undefined : integer(field, seconds, { max: MAX_TIMESTAMP }) * 1000;
}

function optionalInteger(field: string, value: number | undefined): number | undefined {
  return value === undefined ? undefined : integer(field, value, { max: Number.MAX_SAFE_INTEGER });
}

function integer(field: string, value: unknown, range: { readonly min?: number; readonly max: number }): number {
  const min = range.min ?? 0;
  if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > range.max) {
    throw invalidField(field, `must be a whole number from ${min} to ${range.max}, got ${String(value)}`);
  }
  return value;
}
