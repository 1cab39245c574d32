import { ANYBODY, type Caller } from "../core/caller.ts";
import type { Metadata } from "../wire/grpc_js.ts";

/** Who makes a call, and what it proved that with. */
export interface Identity {
  readonly caller: Caller;
  /** Secret; for being handed on. */
  readonly authorization?: string;
}

/** Tells a call's handler who calls. */
export interface Callers {
  /** Whoever sent this metadata. */
  of(metadata: Metadata): Identity;
}

const IDENTITY_OF_ANYBODY: Identity = { caller: ANYBODY };

/** For a server whose callers prove nothing. */
export const anybody: Callers = { of: () => IDENTITY_OF_ANYBODY };
