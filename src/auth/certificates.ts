import type { CertificateRule } from "../config/config.ts";
import type { ProvedCertificate } from "../core/authenticator.ts";
import type { Caller } from "../core/caller.ts";
import { ChatError } from "../core/errors.ts";
import { refused } from "./token.ts";

/** Finds out whose certificates are shown. */
export class CertificateCallers {
  readonly #rules: readonly CertificateRule[];
  /** Certificates come once for each connection, and are asked about with each call. */
  readonly #callers = new WeakMap<ProvedCertificate, Caller>();

  constructor(rules: readonly CertificateRule[]) {
    this.#rules = rules;
  }

  /** The caller that the first rule with one of its names is for; throws `unauthenticated` for a certificate without a rule, or expired. */
  callerOf(certificate: ProvedCertificate): Caller {
    const caller = this.#callers.get(certificate) ?? this.#find(certificate);
    this.#callers.set(certificate, caller);
    const problem = expired(caller);
    if (problem !== undefined) throw problem;
    return caller;
  }

  #find({ names, expiresAtMs }: ProvedCertificate): Caller {
    const rule = this.#rules.find(({ san }) => names.includes(san));
    if (rule === undefined) {
      const shown = names.length === 0 ? "no subject alternative name" : names.slice(0, 8).join(", ").slice(0, 300);
      throw refused(`The client certificate has no rule in CERTIFICATE_CALLERS (it has ${shown}), and there is no token`);
    }
    const { san, name, scopes } = rule;
    return { kind: "certificate", id: `certificate:${san}`, name, scopes: new Set(scopes), expiresAtMs };
  }
}

/** Why the certificate counts no longer, once it has expired. */
export function expired({ expiresAtMs = Infinity }: Caller): ChatError | undefined {
  return expiresAtMs <= Date.now() ? refused("The client certificate has expired") : undefined;
}
