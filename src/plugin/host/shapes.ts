/**
 * Takes requests of plugins apart. They come as JSON of other people's code or over gRPC, so each field is picked by its name and held to its type; what else
 * is there is left behind, such as names of callers. What the values must be is for the services to say.
 *
 * @module
 */
import type {
  CapabilityRequest,
  CreateMessageRequest,
  GenerateRequest,
  GetMessagesRequest,
  SearchDocumentsRequest,
  StorageRequest,
} from "../../contracts/mod.ts";
import { ChatError, invalidField } from "../../core/errors.ts";
import type { Capability } from "./access.ts";

type Kind = "text" | "number" | "flag" | "texts" | "map" | "turns";

/** How long lists may be before anybody looks at their entries. */
const MAX_ENTRIES = 1_000;

const SHAPES = {
  readMessages: {
    ...{
      limit: "number",
      offset: "number",
      username: "text",
      sinceTimestamp: "number",
      untilTimestamp: "number",
      room: "text",
      order: "text",
    },
    ...{ afterSeq: "number", beforeSeq: "number", search: "text", messageType: "text", metadata: "map", filter: "text" },
  },
  postMessage: { content: "text", messageType: "text", metadata: "map", room: "text", clientMessageId: "text" },
  searchDocuments: {
    ...{ query: "text", topK: "number", similarityThreshold: "number", collection: "text", filter: "text", chunksPerDocument: "number" },
    exact: "flag",
  },
  generate: {
    ...{ prompt: "text", model: "text", temperature: "number", maxTokens: "number", context: "texts", turns: "turns", system: "text" },
    ...{ stop: "texts", seed: "number", requestId: "text", room: "text", collection: "text", filter: "text", maxContextItems: "number" },
    tools: "texts",
  },
  storage: { operation: "text", key: "text", value: "text", ifVersion: "number", limit: "number", afterKey: "text" },
} as const satisfies Readonly<Record<keyof CapabilityRequest, Readonly<Record<string, Kind>>>>;

const CAPABILITIES: Readonly<Record<keyof CapabilityRequest, Capability>> = {
  readMessages: "messages.read",
  postMessage: "messages.post",
  searchDocuments: "documents.search",
  generate: "ai.generate",
  storage: "storage",
};

/** What is asked for, and with what. */
export type Asked =
  | { readonly capability: "messages.read"; readonly request: GetMessagesRequest }
  | { readonly capability: "messages.post"; readonly request: Partial<CreateMessageRequest> }
  | { readonly capability: "documents.search"; readonly request: Partial<SearchDocumentsRequest> }
  | { readonly capability: "ai.generate"; readonly request: Partial<GenerateRequest> }
  | { readonly capability: "storage"; readonly request: Partial<StorageRequest> };

/** Throws `invalid_argument` unless exactly one capability is asked for, in fields of the right types. */
export function askedOf(request: CapabilityRequest): Asked {
  if (!isRecord(request)) throw new ChatError("invalid_argument", "A capability must be asked for with an object");
  const names = (Object.keys(SHAPES) as (keyof CapabilityRequest)[]).filter((name) =>
    Object.hasOwn(request, name) && isGiven(request[name])
  );
  const [name] = names;
  if (name === undefined || names.length > 1) {
    throw new ChatError("invalid_argument", `Exactly one capability must be asked for at a time, got ${names.length}`);
  }
  return { capability: CAPABILITIES[name], request: picked(snake(name), request[name], SHAPES[name]) } as Asked;
}

function picked(field: string, value: unknown, shape: Readonly<Record<string, Kind>>): object {
  if (!isRecord(value)) throw invalidField(field, `must be an object, got ${nameOf(value)}`);
  const given = Object.entries(shape).filter(([name]) => Object.hasOwn(value, name) && isGiven(value[name]));
  return Object.fromEntries(given.map(([name, kind]) => [name, READ[kind](`${field}.${snake(name)}`, value[name])]));
}

const READ: Readonly<Record<Kind, (field: string, value: unknown) => unknown>> = {
  text: (field, value) => typed(field, value, "string"),
  number: (field, value) => typed(field, value, "number"),
  flag: (field, value) => typed(field, value, "boolean"),
  texts: (field, value) => list(field, value).map((one, index) => typed(`${field}[${index}]`, one, "string")),
  map: (field, value) => {
    if (!isRecord(value)) throw invalidField(field, `must map text to text, got ${nameOf(value)}`);
    const entries = Object.entries(value).slice(0, MAX_ENTRIES);
    return Object.fromEntries(entries.map(([key, one]) => [key, typed(`${field}.${key.slice(0, 64)}`, one, "string")]));
  },
  turns: (field, value) => list(field, value).map((turn, index) => picked(`${field}[${index}]`, turn, { role: "text", content: "text" })),
};

function typed(field: string, value: unknown, type: "string" | "number" | "boolean"): unknown {
  const found = typeof value;
  if (found !== type) throw invalidField(field, `must be a ${type}, got ${nameOf(value)}`);
  return value;
}

function list(field: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw invalidField(field, `must be a list, got ${nameOf(value)}`);
  if (value.length > MAX_ENTRIES) throw invalidField(field, `must have at most ${MAX_ENTRIES} entries, got ${value.length}`);
  return value;
}

/** Fields that hold nothing come as null over gRPC. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function nameOf(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "a list" : typeof value;
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
