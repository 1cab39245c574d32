/**
 * Turns requests into values that the rest of the room trusts. Every refusal is an `invalid_argument` that names the field by its proto name
 * and the value found.
 *
 * @module
 */
import { invalidField } from "../core/errors.ts";
import { type Filter, parseFilter } from "../core/filter.ts";
import { checkedMetadata, integer, optionalText, text } from "../core/fields.ts";
import { DEFAULT_MESSAGE_TYPE, DEFAULT_ROOM, limits } from "../core/limits.ts";
import type {
  CreateMessageRequest,
  GetMessagesRequest,
  MessageDecision,
  MessageKey,
  StreamMessagesRequest,
  UpdateMessageRequest,
} from "../contracts/mod.ts";
import type { PluginMarks } from "./row.ts";
import { searchPhrases } from "./words.ts";

/** Ids and versions are int32. */
export const MAX_ID = 2 ** 31 - 1;
/** The last second of the year 9999: beyond it dates have no common written form. */
const MAX_TIMESTAMP = 253_402_300_799;

/** More plugins than this are no chain, they are a mistake. */
const MAX_VIA = 16;

/** A message to store, every default filled in. */
export interface ValidCreate {
  readonly room: string;
  readonly content: string;
  readonly username: string;
  readonly messageType: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Undefined: no promise about repeats. */
  readonly clientMessageId: string | undefined;
  /** Undefined: no plugin had to do with it. */
  readonly plugins: PluginMarks | undefined;
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
  readonly filter: Filter | undefined;
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
  /** What plugins decided about the new content; undefined: none was asked. */
  readonly decisions: readonly MessageDecision[] | undefined;
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

/** Checks a creation; one that names nobody is of `ownName`, where its caller has a name. */
export function validCreate(request: CreateMessageRequest, ownName = ""): ValidCreate {
  return {
    room: roomName(request.room),
    content: text("content", request.content, { minBytes: 1, maxBytes: limits.contentBytes }),
    username: text("username", request.username || ownName, { minBytes: 1, maxBytes: limits.nameBytes }),
    messageType: text("message_type", request.messageType || DEFAULT_MESSAGE_TYPE, { minBytes: 1, maxBytes: limits.nameBytes }),
    metadata: checkedMetadata(request.metadata ?? {}),
    clientMessageId: optionalText("client_message_id", request.clientMessageId, limits.nameBytes),
    plugins: request.via === undefined || request.via.length === 0 ? undefined : { via: validVia(request.via) },
  };
}

function validVia(via: readonly string[]): readonly string[] {
  if (via.length > MAX_VIA) throw invalidField("via", `must have at most ${MAX_VIA} plugins, got ${via.length}`);
  return via.map((name) => text("via", name, { minBytes: 1, maxBytes: limits.nameBytes }));
}

/** Checks a page request. */
export function validPage(request: GetMessagesRequest): ValidPage {
  const metadata = request.metadata === undefined ? {} : checkedMetadata(request.metadata);
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
    filter: parseFilter(request.filter ?? ""),
    search: search === undefined ? undefined : validSearch(search),
  };
}

/** Checks an edit. */
export function validUpdate(request: UpdateMessageRequest): ValidUpdate {
  const metadata = checkedMetadata(request.metadata ?? {});
  if (request.replaceMetadata !== true && Object.keys(metadata).length > 0) {
    throw invalidField("metadata", "needs `replace_metadata` to be true, got entries without it");
  }
  return {
    ...validKey(request),
    content: text("content", request.content, { minBytes: 1, maxBytes: limits.contentBytes }),
    metadata: request.replaceMetadata === true ? metadata : undefined,
    ifVersion: request.ifVersion === undefined ? undefined : integer("if_version", request.ifVersion, { min: 1, max: MAX_ID }),
    decisions: undefined,
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

/** The room of a request, the default one where it names none. */
export function roomName(room: string | undefined): string {
  return optionalText("room", room, limits.nameBytes) ?? DEFAULT_ROOM;
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
