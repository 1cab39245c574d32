import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { exportJWK, exportSPKI, generateKeyPair, type GenerateKeyPairResult, type JWK, type JWTPayload, SignJWT, UnsecuredJWT } from "jose";
import { BoundedCache } from "../../src/core/bounded_cache.ts";
import { jwtVerifier, type JwtVerifierOptions } from "../../src/auth/jwt/verifier.ts";
import { bearerToken, type TokenVerifier } from "../../src/auth/token.ts";
import type { JwtConfig } from "../../src/config/config.ts";
import type { Caller } from "../../src/core/caller.ts";
import { ChatError } from "../../src/core/errors.ts";
import { testLog } from "../support/log.ts";
import { tempDir } from "../support/temp_dir.ts";

const SECRET = "a secret of more than 32 bytes, for tests";
const RULES = { issuer: "https://issuer.test", audience: "chat", nameClaim: "sub", clockSkewSeconds: 0 };
const utf8 = new TextEncoder();
const rsa = await generateKeyPair("RS256", { extractable: true });
const otherRsa = await generateKeyPair("RS256", { extractable: true });
const es = await generateKeyPair("ES256", { extractable: true });

const jwk = async (pair: GenerateKeyPairResult, kid: string, alg = "RS256"): Promise<JWK> => ({
  ...await exportJWK(pair.publicKey),
  kid,
  alg,
});
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;
const GOOD = { iss: RULES.issuer, aud: RULES.audience, sub: "ann", exp: inSeconds(600), scope: "messages:read openid ai:use" };

function signed(
  claims: JWTPayload,
  header: { alg: string } & Record<string, unknown>,
  key: Parameters<SignJWT["sign"]>[0],
): Promise<string> {
  return new SignJWT(claims).setProtectedHeader(header).sign(key);
}
const hs = (claims: JWTPayload, secret = SECRET) => signed(claims, { alg: "HS256" }, utf8.encode(secret));

/** What the token came to: the caller, or the code and sentence of the refusal. */
async function outcome(verifier: TokenVerifier, token: string): Promise<Caller | readonly [string, string]> {
  try {
    return await verifier.verify(token);
  } catch (error) {
    assert(error instanceof ChatError, String(error));
    return [error.code, error.message];
  }
}

async function withVerifier(
  keys: JwtConfig["keys"],
  work: (verifier: TokenVerifier) => Promise<void>,
  { rules = {}, ...options }: Partial<JwtVerifierOptions> & { readonly rules?: Partial<JwtConfig> } = {},
): Promise<void> {
  const verifier = await jwtVerifier({ keys, ...RULES, ...rules }, { log: testLog(), ...options });
  try {
    await work(verifier);
  } finally {
    await verifier.close();
  }
}
const bySecret = (work: (verifier: TokenVerifier) => Promise<void>, rules: Partial<JwtConfig> = {}) =>
  withVerifier({ kind: "secret", secret: SECRET }, work, { rules });

/** A server of a key set, which a test can change, take down and count. */
async function withKeySet(keys: JWK[], work: (set: KeySetServer) => Promise<void>): Promise<void> {
  const set: KeySetServer = { url: "", keys, asked: 0, answer: undefined };
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, () => {
    set.asked++;
    return set.answer?.() ?? Response.json({ keys: set.keys });
  });
  set.url = `http://127.0.0.1:${server.addr.port}/keys`;
  await work(set);
}
interface KeySetServer {
  url: string;
  keys: JWK[];
  asked: number;
  answer: (() => Response) | undefined;
}

Deno.test("jwtVerifier takes a good token, and remembers it", () =>
  bySecret(async (verifier) => {
    const token = await hs({ ...GOOD, scp: ["documents:read", "unknown", 7], rooms: ["a", "b"] });
    const caller = await verifier.verify(token);
    assertEquals([caller.kind, caller.id, caller.name, caller.expiresAtMs], ["jwt", "jwt:ann", "ann", GOOD.exp * 1000]);
    assertEquals([[...caller.scopes], [...caller.rooms ?? []]], [["messages:read", "ai:use", "documents:read"], ["a", "b"]]);
    assert(verifier.verify(token) === caller, "not at once the second time");
  }));

Deno.test("jwtVerifier refuses tokens that are not for here, not any more, not yet, or not whole", () =>
  bySecret(async (verifier) => {
    const without = (claim: keyof typeof GOOD) => Object.fromEntries(Object.entries(GOOD).filter(([name]) => name !== claim));
    const good = await hs(GOOD);
    const tampered = good.split(".").with(1, btoa(JSON.stringify({ ...GOOD, sub: "root" })).replace(/=+$/, "")).join(".");
    const bad: readonly (readonly [string, string, RegExp])[] = [
      ["expired", await hs({ ...GOOD, exp: inSeconds(-5) }), /expired$/],
      ["not yet", await hs({ ...GOOD, nbf: inSeconds(60) }), /`nbf`/],
      ["another audience", await hs({ ...GOOD, aud: "mail" }), /`aud`/],
      ["another issuer", await hs({ ...GOOD, iss: "https://evil.test" }), /`iss`/],
      ["no audience", await hs(without("aud")), /`aud`/],
      ["no issuer", await hs(without("iss")), /`iss`/],
      ["no end", await hs(without("exp")), /`exp`/],
      ["no subject", await hs(without("sub")), /`sub`/],
      ["an empty subject", await hs({ ...GOOD, sub: "" }), /`sub`/],
      ["a subject that breaks lines", await hs({ ...GOOD, sub: "ann\nadmin" }), /`sub`/],
      ["a subject that no name can hold", await hs({ ...GOOD, sub: "a".repeat(129) }), /`sub`/],
      ["rooms that are no list", await hs({ ...GOOD, rooms: "all" }), /`rooms`/],
      ["another secret", await hs(GOOD, "another secret of more than 32 bytes"), /signature/],
      ["other claims under the signature", tampered, /signature/],
      ["no signature", good.slice(0, good.lastIndexOf(".") + 1), /signature|no JSON Web Token/],
      ["alg none", new UnsecuredJWT(GOOD).encode(), /algorithm|no JSON Web Token/],
      ["a longer hash", await signed(GOOD, { alg: "HS512" }, utf8.encode(SECRET)), /algorithm/],
      ["a public key's algorithm", await signed(GOOD, { alg: "RS256" }, rsa.privateKey), /algorithm/],
      [
        "an extension that nobody knows",
        await new SignJWT(GOOD).setProtectedHeader({ alg: "HS256", crit: ["x"], x: 1 }).sign(utf8.encode(SECRET), { crit: { x: true } }),
        /no JSON Web Token/,
      ],
      ["garbage", "a.b.c", /no JSON Web Token/],
      ["a word", "token", /no JSON Web Token/],
    ];
    for (const [what, token, why] of bad) {
      const [code, message] = await outcome(verifier, token) as readonly [string, string];
      assertEquals(code, "unauthenticated", what);
      assertMatch(message, why, what);
      assert(!message.includes(SECRET) && !message.includes("root"), message);
    }
  }));

Deno.test("jwtVerifier bears a clock that differs, and no more", () =>
  bySecret(async (verifier) => {
    const late = await verifier.verify(await hs({ ...GOOD, exp: inSeconds(-10), nbf: inSeconds(10) }));
    assertEquals(verifier.ended(late), undefined);
    assert(Array.isArray(await outcome(verifier, await hs({ ...GOOD, exp: inSeconds(-40) }))));
    assertEquals(verifier.ended({ ...late, expiresAtMs: Date.now() - 31_000 })?.code, "unauthenticated");
  }, { clockSkewSeconds: 30 }));

Deno.test("jwtVerifier takes the name from the claim that it is told", () =>
  bySecret(async (verifier) => {
    const caller = await verifier.verify(await hs({ ...GOOD, sub: "0a1b", nick: "bea" }));
    assertEquals([caller.id, caller.name], ["jwt:0a1b", "bea"]);
    assertMatch(String(await outcome(verifier, await hs(GOOD))), /`nick`/);
  }, { nameClaim: "nick" }));

Deno.test("jwtVerifier reads the secret from a file, without its line end, and refuses a short one", async () => {
  await using directory = await tempDir();
  const path = `${directory.path}/secret`;
  await Deno.writeTextFile(path, `${SECRET}\n`);
  await withVerifier({ kind: "secret_file", path }, async (verifier) => {
    assertEquals((await verifier.verify(await hs(GOOD))).name, "ann");
  });
  await Deno.writeTextFile(path, "short\n");
  for (const file of [path, `${path}.none`]) {
    const error = await assertRejects(
      () => jwtVerifier({ keys: { kind: "secret_file", path: file }, ...RULES }, { log: testLog() }),
      ChatError,
    );
    assertEquals(error.code, "failed_precondition");
  }
});

Deno.test("jwtVerifier takes what the issuer's keys have signed, and nothing that only looks like it", async () => {
  const keys = [await jwk(rsa, "one"), await jwk(es, "two", "ES256"), { kty: "oct", kid: "shared", k: btoa(SECRET), alg: "HS256" }];
  await withKeySet(keys, (set) =>
    withVerifier({ kind: "jwks_url", url: set.url }, async (verifier) => {
      for (const [pair, kid, alg] of [[rsa, "one", "RS256"], [es, "two", "ES256"], [rsa, "one", "RS256"]] as const) {
        assertEquals((await verifier.verify(await signed(GOOD, { alg, kid }, pair.privateKey))).name, "ann");
      }
      const publicText = utf8.encode(await exportSPKI(rsa.publicKey));
      const own = await jwk(otherRsa, "one");
      const bad: Readonly<Record<string, string>> = {
        "HS256 with the public key as the secret": await signed(GOOD, { alg: "HS256", kid: "one" }, publicText),
        "HS256 with a key of the set": await signed(GOOD, { alg: "HS256", kid: "shared" }, utf8.encode(SECRET)),
        "another key under a known name": await signed(GOOD, { alg: "RS256", kid: "one" }, otherRsa.privateKey),
        "a key of its own in the header": await signed(GOOD, { alg: "RS256", kid: "one", jwk: own }, otherRsa.privateKey),
        "an address of its own in the header": await signed(GOOD, { alg: "RS256", kid: "x", jku: `${set.url}/evil` }, otherRsa.privateKey),
        "a path for a name": await signed(GOOD, { alg: "RS256", kid: "../../etc/passwd" }, otherRsa.privateKey),
        "a key of another kind": await signed(GOOD, { alg: "ES256", kid: "one" }, es.privateKey),
        "alg none": new UnsecuredJWT(GOOD).encode(),
      };
      for (const [what, token] of Object.entries(bad)) {
        assertEquals((await outcome(verifier, token) as readonly [string, string])[0], "unauthenticated", what);
      }
    }));
});

Deno.test("jwtVerifier learns of new keys, and asks for them once in a cooldown, whatever strangers send", async () => {
  await withKeySet([await jwk(rsa, "one")], (set) =>
    withVerifier({ kind: "jwks_url", url: set.url }, async (verifier) => {
      const renewed = await signed(GOOD, { alg: "RS256", kid: "two" }, otherRsa.privateKey);
      assertEquals(set.asked, 1);
      await Promise.all(Array.from({ length: 50 }, () => outcome(verifier, renewed)));
      assertEquals(set.asked, 1, "within the cooldown of the start");
      await new Promise((resolve) => setTimeout(resolve, 250));
      set.keys.push(await jwk(otherRsa, "two"));
      assertEquals((await verifier.verify(renewed)).name, "ann");
      assertEquals(set.asked, 2);
    }, { keySet: { cooldownMs: 200 } }));
});

Deno.test("jwtVerifier says unavailable while nobody can tell, goes on with the keys it knows, and comes back by itself", async () => {
  await withKeySet([await jwk(rsa, "one")], (set) =>
    withVerifier({ kind: "jwks_url", url: set.url }, async (verifier) => {
      set.answer = () => new Response("down", { status: 503 });
      await new Promise((resolve) => setTimeout(resolve, 60));
      assertEquals((await verifier.verify(await signed(GOOD, { alg: "RS256", kid: "one" }, rsa.privateKey))).name, "ann");
      const unknown = await signed(GOOD, { alg: "RS256", kid: "two" }, otherRsa.privateKey);
      assertEquals((await outcome(verifier, unknown) as readonly [string, string])[0], "unavailable");
      set.answer = undefined;
      await new Promise((resolve) => setTimeout(resolve, 60));
      assertEquals((await outcome(verifier, unknown) as readonly [string, string])[0], "unauthenticated");
    }, { keySet: { cooldownMs: 50 } }));
});

Deno.test("jwtVerifier starts while the issuer is down, and takes nothing but sets of keys from it", async () => {
  const token = await signed(GOOD, { alg: "RS256", kid: "one" }, rsa.privateKey);
  const wrong: readonly (() => Response)[] = [
    () => new Response("down", { status: 500 }),
    () => new Response("<html>"),
    () => Response.json({ keys: "all" }),
    () => Response.json({ keys: Array.from({ length: 101 }, () => ({})) }),
    () => new Response("x".repeat(300_000)),
    () => Response.redirect("http://127.0.0.1:9/elsewhere"),
  ];
  await withKeySet([await jwk(rsa, "one")], async (set) => {
    for (const answer of wrong) {
      set.answer = answer;
      await withVerifier({ kind: "jwks_url", url: set.url }, async (verifier) => {
        assertEquals((await outcome(verifier, token) as readonly [string, string])[0], "unavailable");
      });
    }
  });
});

Deno.test("jwtVerifier reads a set of keys from a file", async () => {
  await using directory = await tempDir();
  const path = `${directory.path}/keys.json`;
  await Deno.writeTextFile(path, JSON.stringify({ keys: [await jwk(rsa, "one")] }));
  await withVerifier({ kind: "jwks_file", path }, async (verifier) => {
    assertEquals((await verifier.verify(await signed(GOOD, { alg: "RS256", kid: "one" }, rsa.privateKey))).name, "ann");
  });
});

Deno.test("bearerToken takes one token behind Bearer, of a size that a token can have", () => {
  assertEquals([bearerToken("Bearer abc"), bearerToken("bearer  abc ")], ["abc", "abc"]);
  for (const wrong of ["", "abc", "Basic abc", "Bearer", "Bearer a b", "Bearer \u00e4", `Bearer ${"x".repeat(8_193)}`]) {
    try {
      bearerToken(wrong);
    } catch (error) {
      assert(error instanceof ChatError && error.code === "unauthenticated" && !error.message.includes("abc"));
      continue;
    }
    throw new Error(`Taken: ${wrong.slice(0, 20)}`);
  }
});

Deno.test("BoundedCache forgets what was asked for longest ago, and what is over", () => {
  const cache = new BoundedCache<number>(2);
  cache.set("a", 1, 100);
  cache.set("b", 2, 100);
  assertEquals(cache.get("a", 0), 1);
  cache.set("c", 3, 10);
  assertEquals([cache.get("a", 0), cache.get("b", 0), cache.get("c", 9), cache.get("c", 10), cache.size], [1, undefined, 3, undefined, 1]);
});
