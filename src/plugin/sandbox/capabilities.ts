import type { CapabilityRequest, CreateMessageRequest } from "../../contracts/mod.ts";
import { ChatError } from "../../core/errors.ts";
import type { HookAnswer } from "../runner.ts";

type Kind = "text" | "number" | "flag" | "texts" | "map" | "turns";
type Shape = Readonly<Record<string, Kind>>;

/** What a plugin may say of each capability; whatever else it says is left out. */
const CAPABILITIES: Readonly<Record<keyof CapabilityRequest, { readonly required: readonly string[]; readonly fields: Shape }>> = {
  readMessages: {
    required: [],
    fields: {
      limit: "number",
      offset: "number",
      username: "text",
      sinceTimestamp: "number",
      untilTimestamp: "number",
      room: "text",
      order: "text",
      afterSeq: "number",
      beforeSeq: "number",
      search: "text",
      messageType: "text",
      metadata: "map",
      filter: "text",
    },
  },
  postMessage: {
    required: ["content"],
    fields: { content: "text", messageType: "text", metadata: "map", room: "text", clientMessageId: "text" },
  },
  searchDocuments: {
    required: ["query"],
    fields: {
      query: "text",
      topK: "number",
      similarityThreshold: "number",
      collection: "text",
      filter: "text",
      chunksPerDocument: "number",
      exact: "flag",
    },
  },
  generate: {
    required: ["prompt"],
    fields: {
      prompt: "text",
      model: "text",
      temperature: "number",
      maxTokens: "number",
      context: "texts",
      turns: "turns",
      system: "text",
      stop: "texts",
      seed: "number",
      room: "text",
      collection: "text",
      filter: "text",
      maxContextItems: "number",
    },
  },
  storage: {
    required: ["operation", "key"],
    fields: { operation: "text", key: "text", value: "text", ifVersion: "number", limit: "number", afterKey: "text" },
  },
};

/** What a plugin asked for, field by field. Throws `invalid_argument` that tells the plugin what is wrong with it. */
export function readCapability(asked: unknown): CapabilityRequest {
  const [[name, value] = [], ...others] = Object.entries(record(asked, "the request"));
  if (name === undefined || others.length > 0 || !Object.hasOwn(CAPABILITIES, name)) {
    throw new ChatError("invalid_argument", "A request must name exactly one capability");
  }
  const { required, fields } = CAPABILITIES[name as keyof CapabilityRequest];
  const request = pick(value, fields);
  for (const field of required) {
    if (request[field] === undefined) throw new ChatError("invalid_argument", `Field \`${field}\` must be given`);
  }
  // The plugin is its author, whatever it says.
  return { [name]: name === "postMessage" ? { ...request, username: "" } : request };
}

const DECISION: Shape = { decision: "text", reason: "text", response: "text" };
const REWRITE: Shape = { content: "text", messageType: "text", metadata: "map" };

/** What a hook answered, field by field; no answer is one that allows. A draft has only what a hook may change, and the rest as it was. */
export function readHookAnswer(answer: unknown, asked: CreateMessageRequest | undefined): HookAnswer {
  if (answer === null || answer === undefined) return { decision: "", reason: "", response: "" };
  const { draft } = record(answer, "a hook's answer");
  const { decision = "", reason = "", response = "" } = pick(answer, DECISION) as Partial<Record<string, string>>;
  if (decision !== "rewrite" || asked === undefined) return { decision, reason, response };
  return { decision, reason, response, draft: { ...asked, ...pick(draft, REWRITE) } };
}

function pick(value: unknown, fields: Shape): Record<string, unknown> {
  const found = record(value, "the request");
  const picked: Record<string, unknown> = {};
  for (const [field, kind] of Object.entries(fields)) {
    if (!Object.hasOwn(found, field) || found[field] === undefined || found[field] === null) continue;
    picked[field] = READ[kind](found[field], field);
  }
  return picked;
}

const READ: Readonly<Record<Kind, (value: unknown, field: string) => unknown>> = {
  text: (value, field) => checked(typeof value === "string", value, field, "text"),
  number: (value, field) => checked(typeof value === "number" && Number.isFinite(value), value, field, "a number"),
  flag: (value, field) => checked(typeof value === "boolean", value, field, "true or false"),
  texts: (value, field) =>
    checked(Array.isArray(value) && value.every((item) => typeof item === "string"), value, field, "a list of texts"),
  map(value, field) {
    const entries = Object.entries(record(value, `field \`${field}\``));
    checked(entries.every(([, text]) => typeof text === "string"), value, field, "a map of texts");
    // No prototype that a key could name.
    return Object.assign(Object.create(null), Object.fromEntries(entries));
  },
  turns(value, field) {
    checked(Array.isArray(value), value, field, "a list");
    return (value as unknown[]).map((turn) => ({ role: "", content: "", ...pick(turn, { role: "text", content: "text" }) }));
  },
};

function checked(holds: boolean, value: unknown, field: string, what: string): unknown {
  if (!holds) throw new ChatError("invalid_argument", `Field \`${field}\` must be ${what}`, { field });
  return value;
}

function record(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ChatError("invalid_argument", `Not an object: ${what}`);
  }
  return value as Record<string, unknown>;
}
