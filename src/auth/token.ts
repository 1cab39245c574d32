import type { Caller } from "../core/caller.ts";
import { ChatError } from "../core/errors.ts";

/** How a kind of bearer token is proved. */
export interface TokenVerifier {
  /** Whose token this is; see `Authenticator.authenticate`. */
  verify(token: string): Caller | Promise<Caller>;
  /** See `Authenticator.ended`. */
  ended(caller: Caller): ChatError | undefined;
  close(): Promise<void>;
}

/** Longer ones are refused unread: no issuer makes them, and each would be hashed and parsed for a stranger. */
const MAX_TOKEN = 8_192;

/** The token in the value of an `authorization` header; throws `unauthenticated` for any other scheme. */
export function bearerToken(authorization: string): string {
  const token = /^bearer +([!-~]+) *$/i.exec(authorization)?.[1];
  if (token === undefined) throw refused("The `authorization` must be `Bearer` and a token, and is something else");
  if (token.length > MAX_TOKEN) throw refused(`The bearer token must be at most ${MAX_TOKEN} characters, got ${token.length}`);
  return token;
}

/** An `unauthenticated`. */
export function refused(message: string, cause?: unknown): ChatError {
  return new ChatError("unauthenticated", message, cause === undefined ? {} : { cause });
}
