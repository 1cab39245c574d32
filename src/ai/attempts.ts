import { abortError, ChatError } from "../core/errors.ts";
import { pause } from "../core/pause.ts";
import { type ModelPart, type ModelProvider, type ModelRequest, ProviderError, type ProviderModel } from "./provider.ts";

/** A model at a provider. */
export interface Candidate {
  readonly provider: ModelProvider;
  readonly model: ProviderModel;
}

/** How patient to be with providers. */
export interface Patience {
  /** From the first attempt to the end of the answer. */
  readonly totalMs: number;
  /** From the start of an attempt to its first part. */
  readonly firstByteMs: number;
  /** Between two parts. */
  readonly idleMs: number;
  /** At each provider. */
  readonly attempts: number;
}

const FIRST_WAIT_MS = 250;
/** A provider that asks for more is as good as down for this answer. */
const MAX_WAIT_MS = 5_000;

/**
 * The answer of the first candidate that gives one; `chosen` is told which, before its first part. Failures that may pass are tried again, and then the next
 * candidate, but only before the first part: an answer that has begun is never mixed with another one.
 */
export async function* attemptInTurn(
  candidates: readonly Candidate[],
  ask: (candidate: Candidate) => ModelRequest,
  { patience, signal, chosen }: {
    readonly patience: Patience;
    readonly signal: AbortSignal;
    readonly chosen: (candidate: Candidate) => void;
  },
): AsyncGenerator<ModelPart> {
  const late = new ChatError("deadline_exceeded", `The answer was not complete within ${patience.totalMs} ms`);
  using total = timer(patience.totalMs, late);
  const whole = AbortSignal.any([signal, total.signal]);
  let failure: unknown;
  for (const candidate of candidates) {
    for (let attempt = 1; attempt <= patience.attempts; attempt++) {
      let begun = false;
      try {
        for await (const part of timed(candidate, ask(candidate), { patience, signal: whole })) {
          if (!begun) chosen(candidate);
          begun = true;
          yield part;
        }
        return;
      } catch (error) {
        if (whole.aborted) throw abortError(whole);
        failure = error;
        if (begun || !(error instanceof ProviderError)) throw error;
        if (!error.passing || attempt === patience.attempts) break;
        const waitMs = error.retryAfterMs ?? FIRST_WAIT_MS * 2 ** (attempt - 1) * (0.5 + Math.random());
        if (waitMs > MAX_WAIT_MS) break;
        await pause(waitMs, whole);
      }
    }
  }
  throw failure;
}

/** One attempt, held to its first part and to its pauses. */
async function* timed(
  { provider, model }: Candidate,
  request: ModelRequest,
  { patience, signal }: { readonly patience: Patience; readonly signal: AbortSignal },
): AsyncGenerator<ModelPart> {
  const slow = new AbortController();
  const wait = (ms: number, what: string) =>
    setTimeout(
      () => slow.abort(new ProviderError("unavailable", `The provider ${provider.name} ${what} within ${ms} ms`, { passing: true })),
      ms,
    );
  let waiting = wait(patience.firstByteMs, "began no answer");
  try {
    for await (const part of provider.generate({ ...request, model: model.name }, AbortSignal.any([signal, slow.signal]))) {
      clearTimeout(waiting);
      yield part;
      waiting = wait(patience.idleMs, "did not go on with its answer");
    }
  } finally {
    clearTimeout(waiting);
  }
}

function timer(ms: number, reason: ChatError): { readonly signal: AbortSignal; [Symbol.dispose](): void } {
  const controller = new AbortController();
  const id = setTimeout(() => controller.abort(reason), ms);
  return { signal: controller.signal, [Symbol.dispose]: () => clearTimeout(id) };
}
