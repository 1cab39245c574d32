/**
 * What each capability does, once it is allowed.
 *
 * @module
 */
import type { Kysely } from "kysely";
import type {
  AiService,
  CapabilityResponse,
  CreateMessageRequest,
  GenerateRequest,
  GetMessagesRequest,
  MessageService,
  RagService,
  SearchDocumentsRequest,
  StorageRequest,
} from "../../contracts/mod.ts";
import type { CallContext } from "../../core/context.ts";
import { ChatError, invalidField } from "../../core/errors.ts";
import { optionalText } from "../../core/fields.ts";
import { limits } from "../../core/limits.ts";
import type { Schema } from "../../database/schema.ts";
import type { HostedCall } from "../launch.ts";
import { type Access, missing } from "./access.ts";
import type { Asked } from "./shapes.ts";
import { isReading, useStorage } from "./storage.ts";

/** What one use of a capability works with. */
export interface Desk {
  readonly call: HostedCall;
  readonly db: Kysely<Schema>;
  readonly messages: MessageService | undefined;
  readonly rag: RagService | undefined;
  readonly ai: AiService | undefined;
  readonly access: Access;
  /** In the plugin's own name. */
  readonly own: CallContext;
  /** In the name of the user who triggered the call. */
  readonly asUser: CallContext;
}

/** Plugins that cause each other's messages; a longer chain is a circle that nobody has noticed. */
const MAX_CHAIN = 8;
/** What the collection of a room's messages begins with. */
const ROOM_COLLECTION = "room:";

/** Does what is asked for. Throws `permission_denied` where that is not allowed, and what the service throws that is asked. */
export async function useCapability(asked: Asked, desk: Desk): Promise<CapabilityResponse> {
  switch (asked.capability) {
    case "messages.read":
      return await readMessages(asked.request, desk);
    case "messages.post":
      return await postMessage(asked.request, desk);
    case "documents.search":
      return await searchDocuments(asked.request, desk);
    case "ai.generate":
      return await generate(asked.request, desk);
    case "storage":
      return await keep(asked.request, desk);
  }
}

async function readMessages(request: GetMessagesRequest, { access, messages, own, asUser }: Desk): Promise<CapabilityResponse> {
  access.require("messages.read", "messages:read");
  if (messages === undefined) throw missing("message");
  const room = await access.room(request.room, "read", own);
  return { messages: await messages.getMessages({ ...request, room }, asUser) };
}

/** The plugin writes as itself, and the message says whose work it comes from: no user can write that. */
async function postMessage(request: Partial<CreateMessageRequest>, { call, access, messages, own }: Desk): Promise<CapabilityResponse> {
  access.require("messages.post", "messages:write");
  requireChange(call, "post messages");
  if (messages === undefined) throw missing("message");
  const { name } = call.plugin;
  const via = [...call.via, name];
  if (via.length > MAX_CHAIN) {
    throw new ChatError("failed_precondition", `Plugins have caused each other's messages ${MAX_CHAIN} times by now: ${via.join(", ")}`);
  }
  const room = await access.room(request.room, "write", own);
  const clientMessageId = await ownId(name, "client_message_id", request.clientMessageId);
  const { content = "", messageType, metadata } = request;
  const message = await messages.createMessage({
    ...{ content, username: name, room, via },
    ...(messageType === undefined ? {} : { messageType }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(clientMessageId === undefined ? {} : { clientMessageId }),
  }, own);
  // Whoever may write under any name is given the first message with a key, whoever has written it.
  if (message.username !== name) {
    throw new ChatError("already_exists", "Another's message has this `client_message_id` in this room", { field: "client_message_id" });
  }
  return { message };
}

async function searchDocuments(request: Partial<SearchDocumentsRequest>, desk: Desk): Promise<CapabilityResponse> {
  const { access, rag, asUser } = desk;
  access.require("documents.search", "documents:read");
  if (rag === undefined) throw missing("RAG");
  await requireCollection(request.collection, desk);
  return { search: await rag.searchDocuments({ ...request, query: request.query ?? "" }, asUser) };
}

async function generate(request: Partial<GenerateRequest>, desk: Desk): Promise<CapabilityResponse> {
  const { call, access, ai, own, asUser } = desk;
  access.require("ai.generate", "ai:use");
  // An answer costs.
  requireChange(call, "generate answers");
  if (ai === undefined) throw missing("AI");
  // A model that calls plugins would do for this one what nobody has granted it, and could lead back here.
  if ((request.tools ?? []).length > 0) throw invalidField("tools", "must be empty: a plugin cannot have a model call plugins");
  const grounds: { room?: string; collection?: string } = {};
  if (request.room) {
    // What an answer rests on can be read out of it.
    access.require("messages.read", "messages:read", "documents:read");
    grounds.room = await access.room(request.room, "read", own);
  }
  if (request.collection) {
    access.require("documents.search", "documents:read");
    await requireCollection(request.collection, desk);
    grounds.collection = request.collection;
  }
  const { room: _room, collection: _collection, requestId: asked, prompt = "", ...rest } = request;
  const requestId = await ownId(call.plugin.name, "request_id", asked);
  const generation = await ai.generateResponse({ ...rest, ...grounds, prompt, ...(requestId === undefined ? {} : { requestId }) }, asUser);
  return { generation };
}

async function keep(request: Partial<StorageRequest>, { call, access, db }: Desk): Promise<CapabilityResponse> {
  access.require("storage");
  if (!isReading(request)) requireChange(call, "change what it keeps");
  return { storage: await useStorage(db, call.plugin.name, request) };
}

/** A room's collection is its messages, for whoever may read those. */
async function requireCollection(collection: string | undefined, { access, own }: Desk): Promise<void> {
  if (collection?.startsWith(ROOM_COLLECTION) !== true) return;
  access.require("messages.read", "messages:read");
  const room = collection.slice(ROOM_COLLECTION.length);
  if (room === "") throw invalidField("collection", "must name a room after `room:`, got none");
  await access.room(room, "read", own);
}

function requireChange({ plugin, dryRun }: HostedCall, what: string): void {
  if (dryRun) throw new ChatError("failed_precondition", `Plugin ${plugin.name} cannot ${what} in a dry run, which changes nothing`);
}

/** A key by which no plugin can name what is another's: neither a user's message nor an answer that the user has asked for. */
async function ownId(plugin: string, field: string, given: string | undefined): Promise<string | undefined> {
  const id = optionalText(field, given, limits.nameBytes);
  if (id === undefined) return undefined;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(id)));
  return `plugin:${plugin}:${digest.toBase64({ alphabet: "base64url", omitPadding: true })}`;
}
