import type { Citation, GeneratedResponse, GenerationPart, GenerationUsage, Passage } from "../contracts/mod.ts";

/** The answer that these parts have come to; `requestId` is for an answer without any yet. */
export function foldParts(requestId: string, parts: readonly GenerationPart[]): GeneratedResponse {
  let response = "";
  let usage: GenerationUsage | undefined;
  let end = { model: "", finishReason: "", confidence: 0, droppedCitations: 0 };
  let [passages, notices]: [readonly Passage[], readonly string[]] = [[], []];
  const citations: Citation[] = [];
  for (const part of parts) {
    response += part.content;
    if (part.kind === "retrieval") ({ passages, notices } = part);
    else if (part.kind === "citation") citations.push(part.citation);
    else if (part.kind === "usage") ({ usage } = part);
    else if (part.kind === "done") {
      const { model, finishReason, confidence, droppedCitations } = part;
      end = { model, finishReason, confidence, droppedCitations };
    }
  }
  const tokensUsed = (usage?.promptTokens ?? 0) + (usage?.completionTokens ?? 0);
  return { response, tokensUsed, requestId, ...(usage === undefined ? {} : { usage }), passages, citations, notices, ...end };
}
