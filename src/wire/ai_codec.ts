/**
 * Between the wire's types and the contract's, for answers of the AI service. On the wire a part's kind is which field of a `oneof` is set; in the
 * contract it has a name. What comes from a server may be an older one's, which knows text only.
 *
 * @module
 */
import type { GeneratedResponse, Generation, GenerationPart, Passage } from "../contracts/mod.ts";
import type { AIResponse__Output } from "./generated/chat/AIResponse.ts";
import type { AIResponseChunk, AIResponseChunk__Output } from "./generated/chat/AIResponseChunk.ts";
import type { GenerationResponse__Output } from "./generated/chat/GenerationResponse.ts";

const KINDS = ["retrieval", "text", "citation", "tool", "usage", "done", "error"] as const satisfies readonly GenerationPart["kind"][];

/** A part to send. */
export function partToWire({ kind, content, isComplete, seq, requestId, ...news }: GenerationPart): AIResponseChunk {
  return { content, isComplete, seq, requestId, [kind]: news };
}

/** A part received; `start` is where its content begins in the answer, for a server that does not say. */
export function partFromWire(wire: AIResponseChunk__Output, start: number): GenerationPart {
  const { content, isComplete, seq, requestId } = wire;
  const kind = KINDS.find((name) => wire[name] !== undefined && wire[name] !== null);
  const news = kind === undefined ? { kind: "text", start } : { kind, ...wire[kind] };
  return { content, isComplete, seq, requestId, ...news } as GenerationPart;
}

/** A whole answer received. */
export function answerFromWire({ usage, passages, ...rest }: AIResponse__Output): GeneratedResponse {
  return { ...rest, ...(usage === null ? {} : { usage }), passages: passages as readonly Passage[] };
}

/** A generation received. */
export function generationFromWire({ answer, error, ...rest }: GenerationResponse__Output): Generation {
  return { ...rest, ...(answer === null ? {} : { answer: answerFromWire(answer) }), ...(error === null ? {} : { error }) };
}
