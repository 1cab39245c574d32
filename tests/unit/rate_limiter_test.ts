import { assert, assertEquals, assertLess } from "@std/assert";
import { CallLimits } from "../../src/core/call_limits.ts";
import { ANYBODY, type Caller, STRANGER } from "../../src/core/caller.ts";
import { keyedHash, makeHashKey } from "../../src/core/keyed_hash.ts";
import { RateLimiter } from "../../src/core/rate_limiter.ts";

/** A clock that a test moves. */
function clock() {
  let nowMs = 1_000;
  return { now: () => nowMs, pass: (ms: number) => void (nowMs += ms) };
}

const caller = (id: string): Caller => ({ kind: "api_key", id, name: "ann", scopes: new Set() });

Deno.test("keyedHash gives HalfSipHash-2-4's published answer for the empty text, and another one under each key", () => {
  assertEquals(keyedHash("", [0x03020100, 0x07060504]), [0x591f8d21, 0xc83cb8b9]);
  const texts = ["", "a", "ab", "abc", "ба", "\u0000", "a\u0000"];
  const [one, other] = [makeHashKey(), makeHashKey()];
  assertEquals(new Set(texts.flatMap((text) => [keyedHash(text, one).join(), keyedHash(text, other).join()])).size, 2 * texts.length);
});

Deno.test("RateLimiter lets a burst through, then as many as come back, and tells when", () => {
  const { now, pass } = clock();
  const limiter = new RateLimiter({ count: 10, windowMs: 1_000 }, { now });
  for (let left = 9; left >= 0; left--) assertEquals(limiter.take("ann").remaining, left);
  const refused = limiter.take("ann");
  assertEquals([refused.ok, refused.remaining], [false, 0]);
  assertEquals(Math.round(refused.retryAfterMs), 100);
  assertEquals(Math.round(refused.fullInMs), 1_000);
  assert(limiter.take("bob").ok, "another key has a bucket of its own");
  pass(refused.retryAfterMs);
  assertEquals([limiter.take("ann").ok, limiter.take("ann").ok], [true, false]);
  pass(1_000_000);
  assertEquals(limiter.take("ann").remaining, 9, "no more is saved up than the burst");
});

Deno.test("RateLimiter gives a key no more than its rate over any time, whatever the pauses", () => {
  const { now, pass } = clock();
  const limiter = new RateLimiter({ count: 7, windowMs: 300 }, { now });
  let taken = 0;
  for (let step = 0; step < 10_000; step++) {
    if (limiter.take("ann").ok) taken++;
    pass(step % 13);
  }
  const { now: endMs } = { now: now() - 1_000 };
  assertLess(taken, 7 + endMs * 7 / 300 + 1);
  assertLess(endMs * 7 / 300 - 7, taken + 1);
});

Deno.test("RateLimiter takes a million made-up keys in the memory of one, forgets no busy key for them, and holds no quiet one up", () => {
  const { now, pass } = clock();
  const limiter = new RateLimiter({ count: 100, windowMs: 10_000 }, { now });
  for (let i = 0; i < 100; i++) limiter.take("busy");
  assert(!limiter.take("busy").ok);
  const before = Deno.memoryUsage();
  let refused = 0;
  for (let i = 0; i < 1_000_000; i++) {
    if (!limiter.take(`made-up-${i}`).ok) refused++;
    if (i % 10_000 === 0) pass(10); // a million in a second
  }
  const after = Deno.memoryUsage();
  assertEquals(refused, 0);
  assertLess(after.external - before.external, 4_000_000);
  assertLess(after.heapUsed - before.heapUsed, 64_000_000);
  for (let i = 0; i < 10; i++) limiter.take("busy"); // what has come back in that second
  assert(!limiter.take("busy").ok, "washed out");
  for (let i = 0; i < 10; i++) assert(limiter.take("quiet").ok);
});

Deno.test("CallLimits measures known callers by themselves and everybody else by address, of IPv6 by its first half", () => {
  const limits = new CallLimits({ perCaller: { count: 2, windowMs: 60_000 }, perAddress: { count: 1, windowMs: 60_000 } });
  const ok = (who: Caller, address: string) => limits.take(who, address)?.ok;
  assertEquals([ok(STRANGER, "192.0.2.1"), ok(STRANGER, "192.0.2.1"), ok(ANYBODY, "::ffff:192.0.2.1")], [true, false, false]);
  assertEquals([ok(caller("key:a"), "192.0.2.1"), ok(caller("key:a"), "192.0.2.2"), ok(caller("key:a"), "192.0.2.3")], [true, true, false]);
  assertEquals(ok(caller("key:b"), "192.0.2.1"), true);
  assertEquals([ok(STRANGER, "2001:db8:1:2::7"), ok(STRANGER, "2001:db8:1:2:ffff::8"), ok(STRANGER, "2001:db8:1:3::7")], [
    true,
    false,
    true,
  ]);
  assertEquals(new CallLimits({}).take(STRANGER, "192.0.2.1"), undefined);
});
