/**
 * Broken requests by the thousand against a running server, and what must hold of the answers.
 *
 * @module
 */
import { seeded } from "../seeded.ts";
import type { RpcName } from "./fields.ts";
import { type FuzzRequest, fuzzRequest } from "./mutate.ts";
import { type FuzzOutcome, RawSender } from "./sender.ts";

/** What to send. */
export interface FuzzOptions {
  readonly address: string;
  readonly rpc: RpcName;
  readonly requests: number;
  readonly seed: number;
  /** Default 8: one that sends a large body to nowhere holds up whatever else is on it. */
  readonly connections?: number;
}

/** How the requests of one RPC ended. */
export interface FuzzTally {
  /** Such as `3 INVALID_ARGUMENT`; how many ended so. */
  readonly ends: ReadonlyMap<string, number>;
  /** Ends that must not be: the server's fault, or none at all. */
  readonly wrong: readonly string[];
  /** Statuses that the gRPC library itself gives to broken frames, by its sentence. */
  readonly byLibrary: ReadonlyMap<string, number>;
}

const STATUS_NAMES = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
]
  .concat([
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
  ]);
/** UNKNOWN and UNIMPLEMENTED, which this system never sends itself: grpc-js's word on frames that are no gRPC. */
const LIBRARY_STATUSES: ReadonlySet<number> = new Set([2, 12]);
/** Examples of one kind of wrong end. */
const MAX_SHOWN = 3;

/** Requests under way at once on each connection. */
const AT_ONCE_EACH = 6;

/** Sends the requests of one seed. The first requests of a seed are the same however many there are. */
export async function fuzzRpc({ address, rpc, requests, seed, connections = 8 }: FuzzOptions): Promise<FuzzTally> {
  const random = seeded(seed);
  const tally = new Tally(rpc);
  let sent = 0;
  const lane = async (sender: RawSender) => {
    while (sent < requests) {
      const number = ++sent;
      const request = fuzzRequest(rpc, random);
      tally.add(number, request, await sender.send(request));
    }
  };
  const connection = async () => {
    await using sender = new RawSender(address);
    await Promise.all(Array.from({ length: AT_ONCE_EACH }, () => lane(sender)));
    if (sender.lost > 0) tally.wrong.push(`${rpc}: a connection was lost ${sender.lost} times`);
  };
  await Promise.all(Array.from({ length: connections }, connection));
  return tally;
}

class Tally implements FuzzTally {
  readonly ends = new Map<string, number>();
  readonly wrong: string[] = [];
  readonly byLibrary = new Map<string, number>();
  readonly #rpc: string;
  readonly #wrongKinds = new Map<string, number>();

  constructor(rpc: string) {
    this.#rpc = rpc;
  }

  add(number: number, request: FuzzRequest, outcome: FuzzOutcome): void {
    count(this.ends, nameOf(outcome));
    if (outcome.kind === "status") {
      const { status, text } = outcome;
      if (LIBRARY_STATUSES.has(status)) {
        count(this.byLibrary, `${nameOf(outcome)}: ${text.replace(/\d+/g, "N").slice(0, 100)} (${request.mutation})`);
      } else if (status === 13 || status === 14 || status === 15 || status > 16) {
        this.#wrong(number, request, `${nameOf(outcome)}: ${text}`);
      }
    } else if (outcome.kind === "hang" || (outcome.kind === "http" && outcome.status >= 500)) this.#wrong(number, request, nameOf(outcome));
    else if (outcome.kind === "reset") this.#wrong(number, request, nameOf(outcome));
  }

  #wrong(number: number, request: FuzzRequest, end: string): void {
    const kind = `${request.mutation}: ${end.replace(/\d+/g, "N")}`;
    count(this.#wrongKinds, kind);
    if (this.#wrongKinds.get(kind)! > MAX_SHOWN) return;
    const bytes = request.body.length > 200
      ? `${request.body.length} bytes, beginning ${request.body.slice(0, 200).toHex()}`
      : request.body.toHex();
    this.wrong.push(
      `${this.#rpc} request ${number} (${request.mutation}) to ${request.path} ${JSON.stringify(request.headers)} ${bytes}: ${end}`,
    );
  }
}

function nameOf(outcome: FuzzOutcome): string {
  if (outcome.kind === "status") return `${outcome.status} ${STATUS_NAMES[outcome.status] ?? "?"}`;
  if (outcome.kind === "reset") return `reset ${outcome.code}`;
  return outcome.kind === "http" ? `HTTP ${outcome.status}` : outcome.kind;
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** Counts as one line, most frequent first. */
export function shown(counts: ReadonlyMap<string, number>): string {
  return [...counts].sort((a, b) => b[1] - a[1]).map(([name, number]) => `${name} × ${number}`).join(", ");
}
