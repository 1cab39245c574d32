import { RAGServiceClient } from "../../src/clients/rag_client.ts";
import type { IndexDocumentRequest, SearchDocumentsRequest } from "../../src/contracts/mod.ts";
import type { Child } from "./child.ts";
import { type BenchContext, compared, type Place, type Row, startServer } from "./context.ts";
import { quantile } from "./figures.ts";
import { baseTexts, documentsFrom, QUESTION_KINDS, type QuestionKind, questions } from "./rag_corpus.ts";

const SMALL = 1_400;
const SIZES = [SMALL, 11_000];
/** Takes minutes to index, so only a run of all rows, or `--full`, has it. */
const FULL_SIZE = 100_000;
const QUESTIONS = 200;
/** Documents indexed one by one, and what else is asked, before anything is timed. */
const WARM_UP = 40;
const AT_ONCE = 32;

/** Search and indexing over gRPC on collections of different sizes. */
export const ragRow: Row = {
  name: "rag",
  async measure(context) {
    const base = await baseTexts(context.texts);
    for (const kind of ["Postgres", "PGlite"] as const) {
      const place = await context.place("rag", kind);
      if (place === undefined) continue;
      const { child, grpcPort } = await startServer(place);
      await using server = child;
      await using client = new RAGServiceClient({ address: `127.0.0.1:${grpcPort}`, deadlineMs: 60_000 });
      await new Sizes({ context, kind, base, server, client }).measure();
    }
  },
};

interface Parts {
  readonly context: BenchContext;
  readonly kind: Place["kind"];
  readonly base: Awaited<ReturnType<typeof baseTexts>>;
  readonly server: Child;
  readonly client: RAGServiceClient;
}

/** One collection that grows from size to size. */
class Sizes {
  readonly #parts: Parts;
  /** p50 at {@link SMALL} by kind of question. */
  readonly #small = new Map<QuestionKind, number>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async measure(): Promise<void> {
    let size = 0;
    for (const next of this.#parts.context.full ? [...SIZES, FULL_SIZE] : SIZES) {
      if (size === 0) size = await this.#indexOneByOne();
      await this.#index(size, next);
      size = next;
      for (const kind of QUESTION_KINDS) await this.#ask(size, kind);
      await this.#askTogether(size);
      this.#report(`server's memory at ${told(size)} documents`, this.#parts.server.rssBytes / 1e6, "MB");
    }
  }

  /** Gives how many documents there are then. */
  async #indexOneByOne(): Promise<number> {
    const documents = [...documentsFrom(this.#parts.base, 0, 300)];
    for (const document of documents.slice(0, WARM_UP)) await this.#parts.client.indexDocument(document);
    const timed = documents.slice(WARM_UP);
    const beganMs = performance.now();
    for (const document of timed) await this.#parts.client.indexDocument(document);
    this.#rate("IndexDocument, one at a time", timed, performance.now() - beganMs);
    return documents.length;
  }

  async #index(from: number, to: number): Promise<void> {
    let bytes = 0;
    const counted = function* (documents: Iterable<IndexDocumentRequest>) {
      for (const document of documents) {
        bytes += sizeOf(document);
        yield document;
      }
    };
    const beganMs = performance.now();
    let failed = 0;
    const steps = this.#parts.client.indexDocuments(counted(documentsFrom(this.#parts.base, from, to)), { deadlineMs: 1_800_000 });
    for await (const step of steps) failed = step.failed;
    if (failed > 0) throw new Error(`${failed} documents could not be indexed`);
    const seconds = (performance.now() - beganMs) / 1000;
    const note = `${(bytes / 1e6 / seconds).toFixed(2)} MB/s`;
    this.#report(`IndexDocuments, from ${told(from)} to ${told(to)} documents; ${note}`, (to - from) / seconds, "documents/s");
  }

  #rate(name: string, documents: readonly IndexDocumentRequest[], ms: number): void {
    const bytes = documents.reduce((sum, document) => sum + sizeOf(document), 0);
    this.#report(`${name}; ${(bytes / 1e3 / ms).toFixed(2)} MB/s`, documents.length / ms * 1000, "documents/s");
  }

  async #ask(size: number, kind: QuestionKind): Promise<void> {
    const { base, context, client } = this.#parts;
    const asked = questions(base, kind, QUESTIONS);
    for (const request of asked.slice(0, WARM_UP)) await client.searchDocuments(request);
    const times: number[] = [];
    const endMs = performance.now() + context.seconds * 1000 * 3;
    for (const request of asked.slice(WARM_UP)) {
      const beganMs = performance.now();
      await client.searchDocuments(request);
      times.push(performance.now() - beganMs);
      if (performance.now() > endMs) break;
    }
    const sorted = times.toSorted((left, right) => left - right);
    const p50 = quantile(sorted, 0.5);
    const small = this.#small.get(kind) ?? p50;
    this.#small.set(kind, small);
    const about = {
      row: "rag",
      name: `SearchDocuments, ${kind}, ${told(size)} documents (${this.#parts.kind}); p99 ${quantile(sorted, 0.99).toFixed(1)} ms`,
    };
    const figure = { ...about, value: p50, unit: "ms, p50" };
    if (size !== SMALL) context.report({ ...figure, against: compared(`at ${told(SMALL)}`, p50, small), target: { atMost: size / SMALL } });
    else context.report(kind === "question" && this.#parts.kind === "Postgres" ? { ...figure, target: { atMost: 6 } } : figure);
  }

  /** Many searches at once, and what they do to a call that needs little. */
  async #askTogether(size: number): Promise<void> {
    const { base, context, client } = this.#parts;
    const asked = questions(base, "question", QUESTIONS);
    const endMs = performance.now() + context.seconds * 1000;
    let done = 0;
    const waits: number[] = [];
    const search = async (worker: number) => {
      for (let at = worker; performance.now() < endMs; at++, done++) await client.searchDocuments(next(asked, at));
    };
    const other = async () => {
      while (performance.now() < endMs) {
        const beganMs = performance.now();
        await client.getDocument({ documentId: "none", collection: "none" }).catch(() => {});
        waits.push(performance.now() - beganMs);
      }
    };
    await Promise.all([other(), ...Array.from({ length: AT_ONCE }, (_, worker) => search(worker))]);
    const p99 = quantile(waits.toSorted((left, right) => left - right), 0.99);
    const name = `SearchDocuments, ${AT_ONCE} at once, ${told(size)} documents; GetDocument meanwhile p99 ${p99.toFixed(0)} ms`;
    this.#report(name, done / context.seconds, "searches/s");
  }

  #report(name: string, value: number, unit: string): void {
    this.#parts.context.report({ row: "rag", name: `${name} (${this.#parts.kind})`, value, unit });
  }
}

function next(asked: readonly SearchDocumentsRequest[], at: number): SearchDocumentsRequest {
  return asked[at * 7 % asked.length]!;
}

function sizeOf({ title = "", content = "" }: IndexDocumentRequest): number {
  return title.length + content.length;
}

function told(count: number): string {
  return count.toLocaleString("en-US");
}
