/**
 * Finds out who calls, by API key, JSON Web Token or client certificate.
 *
 * @module
 */
import type { AuthConfig } from "../config/config.ts";
import type { Authenticator, Credential } from "../core/authenticator.ts";
import { type Caller, notAuthenticated } from "../core/caller.ts";
import { ChatError } from "../core/errors.ts";
import type { Database } from "../database/database.ts";
import type { Log } from "../observability/log.ts";
import { CertificateCallers, expired } from "./certificates.ts";
import { jwtVerifier } from "./jwt/verifier.ts";
import { DatabaseKeyStore } from "./keys/database_store.ts";
import { FileKeyStore } from "./keys/file_store.ts";
import type { KeyStore } from "./keys/store.ts";
import { keyVerifier } from "./keys/verifier.ts";
import { bearerToken, type TokenVerifier } from "./token.ts";

/** What an authenticator works with. */
export interface AuthenticatorOptions {
  readonly log: Log;
  /** Where API keys are kept, unless the settings name a file. */
  readonly database?: Database;
  /** How often API keys are looked after; for tests. */
  readonly pollMs?: number;
}

/** What the settings ask for. Throws a `ChatError` that says what is in the way. */
export async function createAuthenticator(config: AuthConfig, options: AuthenticatorOptions): Promise<Authenticator> {
  const tokens = await tokenVerifier(config, options);
  return new CombinedAuthenticator(new CertificateCallers(config.certificates), tokens);
}

/** Where API keys are kept. */
export function keyStore({ keysPath }: Pick<AuthConfig, "keysPath">, database: Database | undefined): KeyStore {
  if (keysPath !== undefined) return new FileKeyStore(keysPath);
  if (database !== undefined) return new DatabaseKeyStore(database);
  throw new ChatError("failed_precondition", "API keys need a place: set DATABASE_URL or API_KEYS_PATH");
}

function tokenVerifier(config: AuthConfig, { database, ...options }: AuthenticatorOptions): Promise<TokenVerifier> | undefined {
  if (config.mode === "api_key") return keyVerifier(keyStore(config, database), options);
  return config.jwt === undefined ? undefined : jwtVerifier(config.jwt, options);
}

class CombinedAuthenticator implements Authenticator {
  readonly #certificates: CertificateCallers;
  readonly #tokens: TokenVerifier | undefined;

  constructor(certificates: CertificateCallers, tokens: TokenVerifier | undefined) {
    this.#certificates = certificates;
    this.#tokens = tokens;
  }

  authenticate({ authorization, certificate }: Credential): Caller | Promise<Caller> {
    // A token goes before the certificate: a gateway that hands its caller's on acts in the caller's name, with no more than the caller's scopes.
    if (authorization !== undefined && this.#tokens !== undefined) return this.#tokens.verify(bearerToken(authorization));
    if (certificate !== undefined) return this.#certificates.callerOf(certificate);
    throw notAuthenticated();
  }

  ended(caller: Caller): ChatError | undefined {
    if (caller.kind === "anonymous") return undefined;
    return caller.kind === "certificate" ? expired(caller) : this.#tokens?.ended(caller);
  }

  async close(): Promise<void> {
    await this.#tokens?.close();
  }
}
