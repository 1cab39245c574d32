import { certificateRules, jwtSecret, keySetUrl } from "../auth_kinds.ts";
import { oneOf, path, wholeNumber, word } from "../kinds.ts";
import { given, optional } from "../setting.ts";

/** How callers prove who they are. */
export const authRows = {
  AUTH_MODE: given(
    oneOf(["none", "api_key", "jwt"]),
    "none",
    "How callers prove who they are: none (everybody may do everything), api_key or jwt, sent as `Authorization: Bearer …`; set it to none in so many words to listen beyond this machine",
    "Trying it on one machine takes no key; beyond it, somebody has to decide",
  ),
  API_KEYS_PATH: optional(
    path,
    "File of the API keys that `deno task keys` makes, for `AUTH_MODE=api_key`",
    "Unset: in the database of `DATABASE_URL`, else `api_keys.json` in `DATA_DIR`",
  ),
  JWT_ISSUER: optional(word, "The `iss` that tokens must have; needed with `AUTH_MODE=jwt`", "Yours"),
  JWT_AUDIENCE: optional(word, "The `aud` that tokens must have; needed with `AUTH_MODE=jwt`", "Yours"),
  JWT_SECRET: optional(
    jwtSecret,
    "Secret that tokens are signed with (HS256); one of this and the next three is needed with `AUTH_MODE=jwt`",
    "Unset: another of the four",
    "text",
  ),
  JWT_SECRET_PATH: optional(path, "File of that secret, at least 32 bytes", "Unset: another of the four"),
  JWT_JWKS_PATH: optional(
    path,
    "File of the issuer's public keys, a JSON Web Key Set (RS256, PS256, ES256, ES384, EdDSA)",
    "Unset: another of the four",
  ),
  JWT_JWKS_URL: optional(
    keySetUrl,
    "https:// address of that set (http:// on loopback), read again every 5 minutes and, for an unknown key, at most every 10 s",
    "Unset: another of the four",
  ),
  JWT_NAME_CLAIM: given(
    word,
    "sub",
    "The claim that is the user's name",
    "The only one that every token has and that an issuer never gives away anew",
  ),
  JWT_CLOCK_SKEW_SECONDS: given(
    wholeNumber(0, 300),
    "30",
    "Seconds by which the issuer's clock may differ when `exp` and `nbf` are checked",
    "Machines that keep time differ by less, and an expired token lives hardly longer",
  ),
  CERTIFICATE_CALLERS: given(
    certificateRules,
    "none",
    "Who is known by client certificate (mutual TLS): `SAN NAME SCOPE,SCOPE`, separated by semicolons, such as `DNS:gateway.chat gateway messages:read`; the first that fits counts, a certificate without one may do nothing",
    "Certificates say nothing about who calls until somebody says which are whose",
  ),
} as const;
