import type { GrpcConfig, GrpcLimits } from "../config/config.ts";
import { AnswerRoom } from "./answer_room.ts";

/** For servers that were given none: the settings' defaults, without an age. */
const DEFAULTS: GrpcLimits = {
  maxStreamsPerConnection: 1_000,
  maxCallsPerCaller: 5_000,
  maxDeadlineMs: 60_000,
  maxTurnDelayMs: 40,
  maxConnectionIdleMs: 900_000,
  maxConnectionAgeMs: Infinity,
  maxConnectionAgeGraceMs: 10_000,
};
/** What large answers may take until their clients have taken them: hundreds of ordinary pages, and of the largest enough to keep a database busy. */
const ANSWER_BYTES = 64 * 1024 * 1024;
const ANSWER_BYTES_PER_CONNECTION = 8 * 1024 * 1024;
/** Enough for a megabyte over a slow mobile connection. */
const ANSWER_LINGER_MS = 30_000;

/** What the clients of a server are held to. */
export function limitsOf(config: GrpcConfig): GrpcLimits {
  return config.limits ?? DEFAULTS;
}

/** The room for large answers: services end a page of results at a quarter of the message limit. */
export function answerRoomFor({ maxMessageBytes, maxQueuedCalls: maxWaiting }: GrpcConfig): AnswerRoom {
  const largestBytes = Math.ceil(maxMessageBytes / 4);
  const totalBytes = Math.max(ANSWER_BYTES, 4 * largestBytes);
  const connectionBytes = Math.max(ANSWER_BYTES_PER_CONNECTION, largestBytes);
  return new AnswerRoom({ largestBytes, totalBytes, connectionBytes, maxWaiting, lingerMs: ANSWER_LINGER_MS });
}
