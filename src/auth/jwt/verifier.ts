import { createHash } from "node:crypto";
import { errors, jwtVerify, type JWTVerifyGetKey, type JWTVerifyOptions } from "jose";
import type { JwtConfig } from "../../config/config.ts";
import type { Caller } from "../../core/caller.ts";
import { ChatError } from "../../core/errors.ts";
import type { Log } from "../../observability/log.ts";
import { refused, type TokenVerifier } from "../token.ts";
import { BoundedCache } from "../../core/bounded_cache.ts";
import { callerOf } from "./claims.ts";
import { KeySet, type KeySetOptions } from "./key_set.ts";
import { fileSource, urlSource } from "./sources.ts";

/** What proves tokens, besides the settings. */
export interface JwtVerifierOptions {
  readonly log: Log;
  /** How the key set is followed; for tests. */
  readonly keySet?: Omit<KeySetOptions, "log">;
}

/** Algorithms by what keys there are, never both: a public key must not come to serve as a shared secret (RFC 8725, section 3.1). */
const SECRET_ALGORITHMS = ["HS256"];
const PUBLIC_KEY_ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "EdDSA"];
/** Tokens remembered, some 500 bytes each; and for how long: a key that its issuer has withdrawn stays good no longer. */
const REMEMBERED = 10_000;
const REMEMBERED_MS = 60_000;

/** Proves JSON Web Tokens as the settings say. Throws `failed_precondition` when the file of the secret cannot be used. */
export async function jwtVerifier(config: JwtConfig, options: JwtVerifierOptions): Promise<TokenVerifier> {
  const { keys } = config;
  if (keys.kind === "secret") return new JwtVerifier(config, { key: new TextEncoder().encode(keys.secret), algorithms: SECRET_ALGORITHMS });
  if (keys.kind === "secret_file") {
    return new JwtVerifier(config, { key: await readSecret(keys.path), algorithms: SECRET_ALGORITHMS });
  }
  const source = keys.kind === "jwks_file" ? fileSource(keys.path) : urlSource(keys.url);
  const keySet = await new KeySet(source, { log: options.log, ...options.keySet }).open();
  return new JwtVerifier(config, { key: keySet.keyFor, algorithms: PUBLIC_KEY_ALGORITHMS, keySet });
}

/** What a token's signature is held against. */
interface Keys {
  readonly key: Uint8Array | JWTVerifyGetKey;
  readonly algorithms: readonly string[];
  readonly keySet?: KeySet;
}

class JwtVerifier implements TokenVerifier {
  readonly #keys: Keys;
  readonly #nameClaim: string;
  readonly #skewMs: number;
  readonly #options: JWTVerifyOptions;
  /** By hash, so that no token lies in memory longer than its call. */
  readonly #known = new BoundedCache<Caller>(REMEMBERED);

  constructor({ issuer, audience, nameClaim, clockSkewSeconds }: JwtConfig, keys: Keys) {
    this.#keys = keys;
    this.#nameClaim = nameClaim;
    this.#skewMs = clockSkewSeconds * 1_000;
    this.#options = {
      ...{ issuer, audience, algorithms: [...keys.algorithms], clockTolerance: clockSkewSeconds },
      requiredClaims: ["exp", "sub"],
    };
  }

  verify(token: string): Caller | Promise<Caller> {
    const hash = createHash("sha256").update(token).digest("base64");
    return this.#known.get(hash, Date.now()) ?? this.#prove(token, hash);
  }

  ended({ expiresAtMs = Infinity }: Caller): ChatError | undefined {
    return expiresAtMs + this.#skewMs <= Date.now() ? refused("The token has expired") : undefined;
  }

  async close(): Promise<void> {
    await this.#keys.keySet?.close();
  }

  async #prove(token: string, hash: string): Promise<Caller> {
    const caller = callerOf(await this.#claims(token), this.#nameClaim);
    const nowMs = Date.now();
    this.#known.set(hash, caller, Math.min(nowMs + REMEMBERED_MS, (caller.expiresAtMs ?? Infinity) + this.#skewMs));
    return caller;
  }

  async #claims(token: string): Promise<Readonly<Record<string, unknown>>> {
    const { key } = this.#keys;
    try {
      // Two calls, because jose tells a key from a function that finds one by their types.
      const { payload } = typeof key === "function"
        ? await jwtVerify(token, key, this.#options)
        : await jwtVerify(token, key, this.#options);
      return payload;
    } catch (error) {
      throw error instanceof ChatError ? error : refused(sentenceFor(error), error);
    }
  }
}

/** What the token's holder is told; of what is wrong with the signature no more than that. */
function sentenceFor(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "The token has expired";
  if (error instanceof errors.JWTClaimValidationFailed) {
    return `The token's claim \`${error.claim}\` is missing or not the one asked for here`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return "The token is signed with an algorithm that is not taken here";
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey) {
    return "The token's signature is not good here";
  }
  return "The bearer token is no JSON Web Token that can be checked here";
}

async function readSecret(path: string): Promise<Uint8Array> {
  const bytes = await Deno.readFile(path).catch((cause) => {
    throw new ChatError("failed_precondition", `The file ${path} (JWT_SECRET_PATH) cannot be read`, { cause });
  });
  // Editors end a file with a line end, which is no part of the secret.
  let end = bytes.length;
  while (bytes[end - 1] === 10 || bytes[end - 1] === 13) end--;
  if (end < 32) throw new ChatError("failed_precondition", `The file ${path} (JWT_SECRET_PATH) must hold at least 32 bytes, got ${end}`);
  return bytes.slice(0, end);
}
