import { Buffer } from "node:buffer";
import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { type ChannelCredentials, type ChannelOptions, credentials, experimental, type VerifyOptions } from "../wire/grpc_js.ts";
import type { ClientTls } from "./options.ts";

/** How a channel proves who is at its other end. */
export interface ChannelSecurity {
  readonly credentials: ChannelCredentials;
  readonly options: ChannelOptions;
}

/** Sent where TLS wants a host name and there is only a number; a name that no host can have (RFC 2606). */
const NAMELESS = "ip-address.invalid";

/** Credentials for plain text, TLS or mutual TLS with the server at an address. */
export function channelSecurity(address: string, tls: ClientTls | (() => ClientTls) | undefined): ChannelSecurity {
  if (tls === undefined) return { credentials: credentials.createInsecure(), options: {} };
  const { serverName } = typeof tls === "function" ? tls() : tls;
  const name = serverName ?? hostOf(address);
  const authority: ChannelOptions = serverName === undefined ? {} : { "grpc.default_authority": serverName };
  if (isIP(name) === 0) {
    return { credentials: secure(tls), options: { ...authority, "grpc.ssl_target_name_override": name } };
  }
  // The runtime refuses a number as the TLS server name, which grpc-js would send; the certificate is held against the number all the same.
  const verify = { checkServerIdentity: (_name: string, certificate: PeerCertificate) => checkServerIdentity(name, certificate) };
  return { credentials: secure(tls, verify), options: { ...authority, "grpc.ssl_target_name_override": NAMELESS } };
}

function secure(tls: ClientTls | (() => ClientTls), verify?: VerifyOptions): ChannelCredentials {
  if (typeof tls === "object") return credentials.createSsl(bytes(tls.ca) ?? null, bytes(tls.key) ?? null, bytes(tls.cert) ?? null, verify);
  // grpc-js reads these properties at every new connection, so that renewed certificates need no telling.
  const authorities = {
    get caCertificate() {
      return bytes(tls().ca);
    },
  };
  const identity = {
    get certificate() {
      return bytes(tls().cert);
    },
    get privateKey() {
      return bytes(tls().key);
    },
  };
  const provider = {
    addCaCertificateListener: (listener: (update: unknown) => void) => listener(authorities),
    removeCaCertificateListener: () => {},
    addIdentityCertificateListener: (listener: (update: unknown) => void) => listener(identity),
    removeIdentityCertificateListener: () => {},
  } as unknown as experimental.CertificateProvider;
  return experimental.createCertificateProviderChannelCredentials(provider, provider, verify);
}

function bytes(text: string | undefined): Buffer | undefined {
  return text === undefined ? undefined : Buffer.from(text);
}

function hostOf(address: string): string {
  return address.slice(address.lastIndexOf("/") + 1, address.lastIndexOf(":")).replace(/^\[|\]$/g, "");
}
