import type { Caller } from "./caller.ts";
import type { ChatError } from "./errors.ts";

/** A client certificate that TLS has verified. */
export interface ProvedCertificate {
  /** Its subject alternative names, such as `DNS:gateway.chat` or `URI:spiffe://chat/gateway`; its common name counts for nothing. */
  readonly names: readonly string[];
  /** When it expires, in milliseconds since 1970. */
  readonly expiresAtMs: number;
}

/** What a caller shows to prove who it is. */
export interface Credential {
  /** The value of the header or metadata `authorization`, as it came. */
  readonly authorization?: string | undefined;
  /** Looked at only where there is no `authorization`. */
  readonly certificate?: ProvedCertificate | undefined;
}

/** Finds out who calls. Both faces of the system, gRPC and HTTP, work with one. */
export interface Authenticator {
  /**
   * Whose credential this is; at once, without a promise, where that is known already. Throws (or rejects with) `unauthenticated` for a credential
   * that is missing, broken, expired or revoked, in a sentence that tells nothing secret, and `unavailable` where that cannot be found out now.
   */
  authenticate(credential: Credential): Caller | Promise<Caller>;
  /**
   * Why what the caller proved itself with counts no longer, once it was revoked or has expired; undefined while it counts. From memory, at most 3 s
   * behind, so that whoever asks each second ends a stream within 5 s.
   */
  ended(caller: Caller): ChatError | undefined;
  /** Lets go of timers and files; idempotent. */
  close(): Promise<void>;
}
