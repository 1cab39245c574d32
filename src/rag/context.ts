import type { ContextSource } from "../contracts/mod.ts";
import { FENCE_PREFACE, fenced, fenceNonce } from "../text/fence.ts";
import { estimateTokens } from "../text/token_estimate.ts";
import type { Found } from "./search.ts";

/** Neighbouring chunks of one document as one text. */
interface Passage {
  readonly documentId: string;
  readonly title: string;
  readonly first: number;
  readonly last: number;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly similarity: number;
}

/** What {@link packContext} may use up. */
export interface ContextBudget {
  readonly maxItems: number;
  readonly maxTokens: number;
}

/** Passages within their fences. */
export interface PackedContext {
  readonly items: readonly string[];
  readonly sources: readonly ContextSource[];
  readonly prompt: string;
  readonly tokensUsed: number;
}

/** Packs whole chunks, best first, into a budget: neighbours become one passage, and what another passage says already is dropped. */
export function packContext(found: readonly Found[], budget: ContextBudget): PackedContext {
  const nonce = fenceNonce();
  let passages: readonly Passage[] = [];
  let packed = render(passages, nonce);
  for (const one of found) {
    if (passages.some((passage) => says(passage.text, one.row.content))) continue;
    const next = withChunk(passages, one);
    const rendered = render(next, nonce);
    if (next.length > budget.maxItems || rendered.tokensUsed > budget.maxTokens) continue;
    [passages, packed] = [next, rendered];
  }
  return packed;
}

function says(text: string, other: string): boolean {
  const plain = (value: string) => value.replaceAll(/\s+/g, " ").trim();
  return plain(text).includes(plain(other));
}

function withChunk(passages: readonly Passage[], { row, similarity }: Found): readonly Passage[] {
  let added: Passage = {
    ...{ documentId: row.document_id, title: row.title, first: row.ordinal, last: row.ordinal },
    ...{ start: row.start_at, end: row.end_at, text: row.content, similarity },
  };
  // A chunk may close the gap between two passages; the merged one stands where the better of them stood.
  let place = passages.length;
  const rest: Passage[] = [];
  for (const passage of passages) {
    const touches = passage.documentId === added.documentId && passage.first <= added.last + 1 && added.first <= passage.last + 1;
    if (touches) {
      added = passage.first < added.first ? joined(passage, added) : joined(added, passage);
      place = Math.min(place, rest.length);
    } else rest.push(passage);
  }
  return rest.toSpliced(Math.min(place, rest.length), 0, added);
}

function joined(left: Passage, right: Passage): Passage {
  const more = right.start < left.end ? right.text.slice(left.end - right.start) : `${right.start > left.end ? "\n" : ""}${right.text}`;
  return {
    ...left,
    last: Math.max(left.last, right.last),
    end: Math.max(left.end, right.end),
    text: left.text + more,
    similarity: Math.max(left.similarity, right.similarity),
  };
}

function render(passages: readonly Passage[], nonce: string): PackedContext {
  const items = passages.map(({ documentId, title, text }, index) =>
    fenced({ number: index + 1, name: title === "" ? documentId : title, text }, nonce)
  );
  const prompt = items.length === 0 ? "" : [FENCE_PREFACE, ...items].join("\n\n");
  const sources = passages.map(({ documentId, title, first, last, start, end, similarity }, index) => ({
    ...{ number: index + 1, documentId, title, firstChunk: first, lastChunk: last, start, end, similarityScore: similarity },
  }));
  return { items, sources, prompt, tokensUsed: estimateTokens(prompt) };
}
