import type { Credential, ProvedCertificate } from "../core/authenticator.ts";
import type { Metadata } from "../wire/grpc_js.ts";
import { bottomOf } from "./bottom.ts";
import { subjectAltNames } from "./subject_names.ts";

/** The part of a call that tells who is at its other end. */
export interface ProvingCall {
  getAuthContext(): { readonly sslPeerCertificate?: { readonly raw: Uint8Array; readonly valid_to: string } };
}

/** Reading a certificate costs more than the rest of a call's authentication, and it stays the same for a connection. */
const certificates = new WeakMap<object, ProvedCertificate>();

/** What the sender of a call proves itself with. Of several tokens HTTP/2 keeps the first. */
export function credentialOf(call: ProvingCall, metadata: Metadata): Credential {
  const [authorization] = metadata.get("authorization");
  return { authorization: authorization === undefined ? undefined : String(authorization), certificate: certificateOf(call) };
}

function certificateOf(call: ProvingCall): ProvedCertificate | undefined {
  const session = sessionOf(call);
  const known = session === undefined ? undefined : certificates.get(session);
  if (known !== undefined) return known;
  const { sslPeerCertificate: shown } = call.getAuthContext();
  if (shown === undefined) return undefined;
  const certificate = { names: subjectAltNames(shown.raw), expiresAtMs: Date.parse(shown.valid_to) };
  if (session !== undefined) certificates.set(session, certificate);
  return certificate;
}

function sessionOf(call: unknown): object | undefined {
  return (bottomOf(call) as { readonly stream?: { readonly session?: object } } | undefined)?.stream?.session;
}
