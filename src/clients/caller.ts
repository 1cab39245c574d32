import { ChatError } from "../core/errors.ts";
import { type AttemptOptions, callOnce } from "./call.ts";
import type { ChannelPool } from "./channel.ts";
import type { Method } from "./methods.ts";
import { type CallOptions, deadlineAt, type ResolvedOptions } from "./options.ts";
import { withRetries } from "./retry.ts";

/** How one call differs from what its method's descriptor says of it. */
export interface CallPlan extends CallOptions {
  /** Whether it may be sent more than once; default: what the method's `idempotency_level` says. */
  readonly repeatable?: boolean;
}

/**
 * Sends one unary call as the client's options say: once, or repeated where that is safe, and hedged where it is and the options ask for it. Throws `ChatError`.
 */
export async function callUnary<Request, Response>(
  client: { readonly pool: ChannelPool; readonly options: ResolvedOptions },
  method: Method<Request, Response>,
  request: Request,
  plan: CallPlan = {},
): Promise<Response> {
  const { pool } = client;
  // What the service config says of this method goes before what the options say of all.
  const own = client.options.plans?.(method.path);
  const options = own === undefined ? client.options : { ...client.options, ...own };
  const { deadlineMs = options.deadlineMs, deadlineAtMs, repeatable = method.repeatable ?? false, ...rest } = plan;
  const attempt: AttemptOptions = { ...rest, deadlineAtMs: deadlineAt(deadlineMs, deadlineAtMs) };
  const send = async (signal = plan.signal) => {
    const authorization = pool.authorization(plan.authorization);
    if (authorization === undefined && signal === plan.signal) return await callOnce(pool, method, request, attempt);
    const proved = { ...attempt, authorization: await authorization };
    return await callOnce(pool, method, request, signal === undefined ? proved : { ...proved, signal });
  };
  if (!repeatable) return await send();
  const { hedgeAfterMs } = options;
  // Asking for twice what only reads is harmless; a second write, though it changes nothing, may answer that it came too late.
  const once = hedgeAfterMs === undefined || method.readOnly !== true
    ? () => send()
    : () => callHedged(send, hedgeAfterMs, plan.signal, pool);
  return await withRetries(once, {
    ...options,
    retryCodes: own?.retryCodes,
    budget: pool.budget,
    deadlineAtMs: attempt.deadlineAtMs,
    signals: plan.signal === undefined ? [pool.closed] : [pool.closed, plan.signal],
  });
}

/** The first answer of one call or, when that takes long, of two; the other one is cancelled. */
async function callHedged<T>(
  send: (signal: AbortSignal) => Promise<T>,
  hedgeAfterMs: number,
  caller: AbortSignal | undefined,
  pool: ChannelPool,
): Promise<T> {
  const over = new AbortController();
  const signal = caller === undefined ? over.signal : AbortSignal.any([caller, over.signal]);
  const first = send(signal);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<"late">((resolve) => timer = setTimeout(() => resolve("late"), hedgeAfterMs));
  try {
    const outcome = await Promise.race([first.then((answer) => ({ answer })), late]);
    if (outcome !== "late") return outcome.answer;
    // A hedge is a repeat like any other.
    if (!pool.budget.spend(performance.now())) return await first;
    return await Promise.any([first, send(signal)]);
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error;
  } finally {
    clearTimeout(timer);
    over.abort(new ChatError("cancelled", "Another attempt has been answered"));
  }
}
