import type { ConversationTurn, GenerateRequest } from "../contracts/mod.ts";
import { invalidField } from "../core/errors.ts";
import { integer, optionalText, text } from "../core/fields.ts";
import { limits } from "../core/limits.ts";
import { EVERY_TOOL } from "./tools/catalog.ts";

/** The sizes that requests are held to; bytes are bytes of UTF-8. */
const SIZES = {
  promptBytes: 65_536,
  contextItems: 100,
  contextItemBytes: 65_536,
  turns: 200,
  systemBytes: 65_536,
  stops: 4,
  stopBytes: 256,
  filterBytes: 4_096,
  maxContextItems: 100,
  tools: 64,
  toolBytes: 129,
  /** Of all texts together, in UTF-16 code units. */
  allUnits: 1_048_576,
  sentimentBytes: 1_048_576,
  sentimentTexts: 1_000,
  sentimentAllUnits: 2_097_152,
} as const;

const TOOL = /^[a-z][a-z0-9-]*\/[a-z][a-z0-9-]*$/;

/** Where the field is not there at all, which gRPC cannot tell from 0; the specification's clients send the same. */
const DEFAULT_TEMPERATURE = 0.7;
const DEFAULT_MAX_TOKENS = 500;
const DEFAULT_CONTEXT_ITEMS = 5;

/** A request whose fields are within their limits. */
export interface ValidGenerate {
  readonly prompt: string;
  readonly model: string;
  readonly temperature: number;
  readonly maxTokens: number;
  readonly context: readonly string[];
  readonly turns: readonly { readonly role: "user" | "assistant"; readonly content: string }[];
  readonly system: string;
  readonly stop: readonly string[];
  readonly seed?: number;
  readonly requestId: string;
  readonly room?: string;
  readonly collection?: string;
  readonly filter?: string;
  readonly maxContextItems: number;
  /** Absent: the model calls nothing. */
  readonly tools?: readonly string[];
  readonly resumeAfter: number;
}

/** Holds a request to its limits; `maxTokens` is the model's longest answer. */
export function validGenerate(request: GenerateRequest, maxTokens: number): ValidGenerate {
  const room = optionalText("room", request.room, limits.nameBytes);
  const collection = optionalText("collection", request.collection, limits.nameBytes);
  const filter = optionalText("filter", request.filter, SIZES.filterBytes);
  const requestId = optionalText("request_id", request.requestId, limits.nameBytes) ?? "";
  const valid: ValidGenerate = {
    prompt: text("prompt", request.prompt, { minBytes: 1, maxBytes: SIZES.promptBytes }),
    ...{ model: request.model ?? "", temperature: validTemperature(request.temperature ?? DEFAULT_TEMPERATURE), requestId },
    maxTokens: integer("max_tokens", request.maxTokens || Math.min(DEFAULT_MAX_TOKENS, maxTokens), { min: 1, max: maxTokens }),
    context: validList("context", request.context ?? [], { items: SIZES.contextItems, bytes: SIZES.contextItemBytes }),
    turns: validTurns(request.turns ?? []),
    system: optionalText("system", request.system, SIZES.systemBytes) ?? "",
    stop: validList("stop", request.stop ?? [], { items: SIZES.stops, bytes: SIZES.stopBytes }),
    ...(request.seed === undefined || request.seed === null ? {} : { seed: validSeed(request.seed) }),
    ...{ ...(room !== undefined && { room }), ...(collection !== undefined && { collection }), ...(filter !== undefined && { filter }) },
    maxContextItems: integer("max_context_items", request.maxContextItems || DEFAULT_CONTEXT_ITEMS, { min: 1, max: SIZES.maxContextItems }),
    // Left out where there are none: what older versions have stored has no such field.
    ...(request.tools === undefined || request.tools.length === 0 ? {} : { tools: validTools(request.tools) }),
    resumeAfter: integer("resume_after", request.resumeAfter ?? 0, { max: 2_147_483_647 }),
  };
  if (valid.resumeAfter > 0 && requestId === "") throw invalidField("resume_after", "needs `request_id`, which is empty");
  requireTogether(valid);
  return valid;
}

/** A text whose mood is asked; `field` names it. */
export function validMoodText(field: string, value: unknown): string {
  return text(field, value, { minBytes: 0, maxBytes: SIZES.sentimentBytes });
}

/** Texts whose moods are asked. */
export function validMoodTexts(values: readonly string[]): readonly string[] {
  if (values.length > SIZES.sentimentTexts) {
    throw invalidField("texts", `must be at most ${SIZES.sentimentTexts} texts, got ${values.length}`);
  }
  const units = values.reduce((sum, value) => sum + value.length, 0);
  if (units > SIZES.sentimentAllUnits) {
    throw invalidField("texts", `must be at most ${SIZES.sentimentAllUnits} characters together, got ${units}`);
  }
  return values.map((value, index) => validMoodText(`texts[${index}]`, value));
}

function requireTogether({ prompt, system, context, turns }: ValidGenerate): void {
  const units = [prompt, system, ...context, ...turns.map(({ content }) => content)].reduce((sum, part) => sum + part.length, 0);
  if (units > SIZES.allUnits) {
    throw invalidField("prompt", `must be at most ${SIZES.allUnits} characters with all that goes with it, got ${units}`);
  }
}

/** A float of 32 bits comes as the nearest of 64, which providers would be told in all its digits. */
function validTemperature(value: number): number {
  if (!(value >= 0 && value <= 2)) throw invalidField("temperature", `must be 0 to 2, got ${value}`);
  return Number(value.toPrecision(6));
}

function validSeed(seed: number): number {
  if (!Number.isSafeInteger(seed)) throw invalidField("seed", `must be a whole number of at most 53 bits, got ${seed}`);
  return seed;
}

function validList(field: string, values: readonly string[], { items, bytes }: { readonly items: number; readonly bytes: number }) {
  if (values.length > items) throw invalidField(field, `must have at most ${items} entries, got ${values.length}`);
  return values.map((value, index) => text(`${field}[${index}]`, value, { minBytes: 1, maxBytes: bytes }));
}

function validTools(tools: readonly string[]): readonly string[] {
  const valid = validList("tools", tools, { items: SIZES.tools, bytes: SIZES.toolBytes });
  const wrong = valid.findIndex((tool) => tool !== EVERY_TOOL && !TOOL.test(tool));
  if (wrong !== -1) {
    throw invalidField(`tools[${wrong}]`, `must be "plugin/action", or "${EVERY_TOOL}" for all, got ${JSON.stringify(valid[wrong])}`);
  }
  return valid;
}

function validTurns(turns: readonly ConversationTurn[]): ValidGenerate["turns"] {
  if (turns.length > SIZES.turns) throw invalidField("turns", `must have at most ${SIZES.turns} entries, got ${turns.length}`);
  return turns.map(({ role, content }, index) => {
    if (role !== "user" && role !== "assistant") {
      throw invalidField(`turns[${index}].role`, `must be "user" or "assistant", got ${JSON.stringify(String(role).slice(0, 32))}`);
    }
    return { role, content: text(`turns[${index}].content`, content, { minBytes: 0, maxBytes: SIZES.promptBytes }) };
  });
}
