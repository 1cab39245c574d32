/**
 * The cookie that keeps a browser signed in. It is the token itself, so that every replica knows it and a revoked key ends it; no script can read
 * it, and no other site's page sends it.
 *
 * @module
 */
import { invalidField } from "../core/errors.ts";

const NAME = "chat_session";
/** Browsers take this name over TLS only and from this very host, so that no neighbour can plant one. */
const SECURE_NAME = `__Host-${NAME}`;
/** Browsers drop a cookie whose name and value are longer than 4,096 bytes. */
const MAX_TOKEN = 4_000;
const ATTRIBUTES = "Path=/; HttpOnly; SameSite=Strict";

/** The token in the value of a `Cookie` header. */
export function sessionToken(cookies: string | null): string | undefined {
  if (cookies === null || !cookies.includes(NAME)) return undefined;
  const pairs = cookies.split(";").map((pair) => pair.trim());
  const valueOf = (name: string) => pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
  return (valueOf(SECURE_NAME) ?? valueOf(NAME)) || undefined;
}

/** The `Set-Cookie` that signs a browser in until it is closed; throws `invalid_argument` for a token that no cookie can hold. */
export function signInCookie(token: string, isSecure: boolean): string {
  if (token.length > MAX_TOKEN) {
    throw invalidField("authorization", `must hold at most ${MAX_TOKEN} characters for a cookie, got ${token.length}`);
  }
  if (!/^[\w.~+/=-]+$/.test(token)) throw invalidField("authorization", "must hold no characters that a cookie cannot");
  return isSecure ? `${SECURE_NAME}=${token}; ${ATTRIBUTES}; Secure` : `${NAME}=${token}; ${ATTRIBUTES}`;
}

/** The `Set-Cookie`s that sign it out. */
export const SIGN_OUT_COOKIES: readonly string[] = [
  `${NAME}=; ${ATTRIBUTES}; Max-Age=0`,
  `${SECURE_NAME}=; ${ATTRIBUTES}; Secure; Max-Age=0`,
];
