import { ChatError, type ErrorCode } from "../core/errors.ts";

/** A gRPC service config, as far as clients here go by it: https://github.com/grpc/grpc/blob/master/doc/service_config.md */
export interface ServiceConfig {
  /** What holds for some calls; of several entries that name a call the most exact one counts: its method, its service, or all (`{}`). */
  readonly methodConfig?: readonly MethodConfig[];
}

/** What holds for the calls that it names. */
export interface MethodConfig {
  readonly name: readonly { readonly service?: string; readonly method?: string }[];
  /** How long a call may take with all its attempts, such as `1.5s`; default: the option `deadlineMs`. */
  readonly timeout?: string;
  /** Default: the options. Only for methods whose proto says (`idempotency_level`) that they may be sent twice; of others it is passed over. */
  readonly retryPolicy?: RetryPolicy;
}

/** How calls are repeated. */
export interface RetryPolicy {
  /** In all, the first one included, 2 to 1,000. */
  readonly maxAttempts: number;
  /** The first pause, such as `0.1s`; half of each pause is random. */
  readonly initialBackoff: string;
  /** The longest pause. */
  readonly maxBackoff: string;
  /** By how much each pause is longer than the one before, at least 1. */
  readonly backoffMultiplier: number;
  /** After which answers, such as `UNAVAILABLE`. */
  readonly retryableStatusCodes: readonly string[];
}

/** What a service config comes to for one method. */
export interface MethodPlan {
  readonly deadlineMs?: number;
  readonly maxAttempts?: number;
  readonly backoffInitialMs?: number;
  readonly backoffMaxMs?: number;
  readonly backoffMultiplier?: number;
  readonly retryCodes?: ReadonlySet<ErrorCode>;
}

/** Answers that a repeat can change; any other one would be the same again. */
const RETRYABLE: readonly ErrorCode[] = ["unavailable", "resource_exhausted", "aborted", "deadline_exceeded", "cancelled", "internal"];

/** Reads a service config into a plan for each path; `invalid_argument` says what is wrong with it. */
export function methodPlans({ methodConfig = [] }: ServiceConfig): (path: string) => MethodPlan {
  const plans = new Map<string, MethodPlan>();
  for (const config of methodConfig) {
    const plan = planOf(config);
    for (const { service = "", method = "" } of config.name) {
      if (service === "" && method !== "") throw wrong("name", "must have a service where it has a method", method);
      plans.set(`/${service}/${method}`, plan);
    }
  }
  return (path) => plans.get(path) ?? plans.get(path.slice(0, path.lastIndexOf("/") + 1)) ?? plans.get("//") ?? {};
}

function planOf({ timeout, retryPolicy }: MethodConfig): MethodPlan {
  const deadline = timeout === undefined ? {} : { deadlineMs: milliseconds("timeout", timeout) };
  if (retryPolicy === undefined) return deadline;
  const { maxAttempts, initialBackoff, maxBackoff, backoffMultiplier, retryableStatusCodes } = retryPolicy;
  if (!Number.isInteger(maxAttempts) || maxAttempts < 2 || maxAttempts > 1_000) {
    throw wrong("maxAttempts", "must be a whole number of 2 to 1000", maxAttempts);
  }
  if (!(backoffMultiplier >= 1)) throw wrong("backoffMultiplier", "must be 1 or more", backoffMultiplier);
  if (retryableStatusCodes.length === 0) throw wrong("retryableStatusCodes", "must name a status", retryableStatusCodes);
  return {
    ...deadline,
    ...{ maxAttempts, backoffMultiplier },
    backoffInitialMs: milliseconds("initialBackoff", initialBackoff),
    backoffMaxMs: milliseconds("maxBackoff", maxBackoff),
    retryCodes: new Set(retryableStatusCodes.map(retryCode)),
  };
}

function retryCode(text: string): ErrorCode {
  const code = RETRYABLE.find((one) => one === text.toLowerCase());
  if (code === undefined) throw wrong("retryableStatusCodes", `must be some of ${RETRYABLE.join(", ").toUpperCase()}`, text);
  return code;
}

/** A duration as protobuf's JSON has it: seconds with up to nine decimals and an `s`. */
function milliseconds(field: string, text: string): number {
  const ms = Math.round(Number(/^(\d{1,7}(?:\.\d{1,9})?)s$/.exec(text)?.[1]) * 1_000);
  if (!(ms >= 1)) throw wrong(field, "must be a time of at least a millisecond such as 0.1s", text);
  return ms;
}

function wrong(field: string, demand: string, found: unknown): ChatError {
  return new ChatError("invalid_argument", `Option \`serviceConfig\`: ${field} ${demand}, got ${JSON.stringify(found)}`);
}
