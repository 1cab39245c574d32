import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import type { Server } from "../wire/grpc_js.ts";
import { certificates, type TlsFiles } from "../wire/tls_files.ts";
import { http2ServersOf } from "./listening.ts";

/** Each costs some hundred bytes. */
const MAX_ACCEPTED = 10_000;

/**
 * Under mutual TLS, holds resumed sessions against the authorities in force. A client that resumes a TLS session shows its certificate no more, and the runtime
 * takes sessions that began under authorities which have been taken away since; it heeds neither new ticket keys nor the option that forbids tickets.
 */
export function checkResumedSessions(server: Server, files: TlsFiles): void {
  if (files.current.ca === undefined) return;
  const admission = new Admission(files);
  for (const listening of http2ServersOf(server)) {
    const emit: (event: string | symbol, ...args: unknown[]) => boolean = listening.emit;
    listening.emit = (event: string | symbol, ...args: unknown[]) => {
      if (event !== "secureConnection" || admission.admits(args[0] as TLSSocket)) return emit.call(listening, event, ...args);
      (args[0] as TLSSocket).destroy();
      return true;
    };
  }
}

/** Who may come in with a resumed session. */
class Admission {
  readonly #files: TlsFiles;
  #authorities: readonly X509Certificate[] = [];
  #ca: string | undefined;
  /** Certificates that a whole handshake has accepted under the present authorities, by fingerprint; for those with authorities in between. */
  #accepted = new Set<string>();

  constructor(files: TlsFiles) {
    this.#files = files;
  }

  admits(socket: TLSSocket): boolean {
    this.#renew();
    const peer = socket.getPeerX509Certificate();
    if (!socket.isSessionReused()) {
      if (peer !== undefined) this.#accept(peer.fingerprint256);
      return true;
    }
    if (peer === undefined || peer.validToDate.getTime() <= Date.now()) return false;
    return this.#accepted.has(peer.fingerprint256) || this.#authorities.some((ca) => peer.checkIssued(ca) && peer.verify(ca.publicKey));
  }

  #renew(): void {
    const { ca } = this.#files.current;
    if (ca === this.#ca) return;
    this.#ca = ca;
    this.#accepted = new Set();
    this.#authorities = certificates(ca ?? "");
  }

  /** The oldest goes first where there are very many; it has to make a whole handshake then. */
  #accept(fingerprint: string): void {
    this.#accepted.add(fingerprint);
    if (this.#accepted.size <= MAX_ACCEPTED) return;
    for (const oldest of this.#accepted) return void this.#accepted.delete(oldest);
  }
}
