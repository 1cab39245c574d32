import { ChatError } from "../core/errors.ts";
import { hostOf, isPublic } from "../core/hosts.ts";

/** A token or API key, or what gives one each time that a call is sent: tokens expire. */
export type TokenSource = string | (() => string | Promise<string>);

/** The part of a client's options that decides what its calls prove themselves with. */
interface Sender {
  readonly token?: TokenSource;
  readonly allowPlaintextToken: boolean;
  readonly addresses: readonly string[];
  /** Unset: plain text. */
  readonly tls?: unknown;
}

/** Throws `invalid_argument` for a token that no header can carry, or that would travel in the clear to another machine. */
export function checkToken(sender: Sender): void {
  if (sender.token === undefined) return;
  if (typeof sender.token === "string") bearer(sender.token);
  checkPlaintext(sender, "invalid_argument");
}

/**
 * What a call is sent with as `authorization`: that of whoever it is made for, else the client's own token; undefined for neither. A promise only
 * where the token's source gives one.
 */
export function authorizationFor(sender: Sender, onBehalfOf: string | undefined): string | undefined | Promise<string> {
  const { token } = sender;
  if (onBehalfOf === undefined && token === undefined) return undefined;
  checkPlaintext(sender, "failed_precondition");
  if (onBehalfOf !== undefined) return onBehalfOf;
  return typeof token === "function" ? fetched(token) : bearer(token ?? "");
}

async function fetched(source: () => string | Promise<string>): Promise<string> {
  try {
    return bearer(await source());
  } catch (cause) {
    if (cause instanceof ChatError) throw cause;
    throw new ChatError("unauthenticated", "The client's token could not be had", { cause });
  }
}

/** Of the token itself nothing is told. */
function bearer(token: string): string {
  if (/^[!-~]{1,8192}$/.test(token)) return `Bearer ${token}`;
  throw new ChatError("invalid_argument", "Option `token` must be 1 to 8192 printable ASCII characters without spaces, got something else");
}

function checkPlaintext({ addresses, tls, allowPlaintextToken }: Sender, code: "invalid_argument" | "failed_precondition"): void {
  if (tls !== undefined || allowPlaintextToken) return;
  const open = addresses.find((address) => isPublic(hostOf(address.replace(/^dns:\/\/\//, ""))));
  if (open === undefined) return;
  const text = `A token would travel in the clear to ${open}: set \`tls\`, or \`allowPlaintextToken\` where the network is yours`;
  throw new ChatError(code, text);
}
