import { Buffer } from "node:buffer";
import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { type ChannelCredentials, type ChannelOptions, credentials } from "../wire/grpc_js.ts";
import type { ClientTls } from "./options.ts";

/** How a channel proves who is at its other end. */
export interface ChannelSecurity {
  readonly credentials: ChannelCredentials;
  readonly options: ChannelOptions;
}

/** Sent where TLS wants a host name and there is only a number; a name that no host can have (RFC 2606). */
const NAMELESS = "ip-address.invalid";

/** Credentials for plain text, TLS or mutual TLS with the server at an address. */
export function channelSecurity(address: string, tls: ClientTls | undefined): ChannelSecurity {
  if (tls === undefined) return { credentials: credentials.createInsecure(), options: {} };
  const name = tls.serverName ?? hostOf(address);
  const authority: ChannelOptions = tls.serverName === undefined ? {} : { "grpc.default_authority": tls.serverName };
  const pem = [tls.ca, tls.key, tls.cert].map((text) => text === undefined ? null : Buffer.from(text)) as [
    Buffer | null,
    Buffer | null,
    Buffer | null,
  ];
  if (isIP(name) === 0) {
    return { credentials: credentials.createSsl(...pem), options: { ...authority, "grpc.ssl_target_name_override": name } };
  }
  // The runtime refuses a number as the TLS server name, which grpc-js would send; the certificate is held against the number all the same.
  const verify = { checkServerIdentity: (_name: string, certificate: PeerCertificate) => checkServerIdentity(name, certificate) };
  return { credentials: credentials.createSsl(...pem, verify), options: { ...authority, "grpc.ssl_target_name_override": NAMELESS } };
}

function hostOf(address: string): string {
  return address.slice(address.lastIndexOf("/") + 1, address.lastIndexOf(":")).replace(/^\[|\]$/g, "");
}
