/**
 * The part of `@std/assert` that the tests use, over `node:assert/strict`: same names, same arguments.
 * deno.json maps `@std/assert` to this file; map it to `jsr:@std/assert` to use the real one.
 *
 * @module
 */
import nodeAssert from "node:assert/strict";

// `message as string` below: node takes undefined too, which only its types deny.
// deno-lint-ignore no-explicit-any -- the shape every class has
type ErrorClass<E extends Error> = new (...args: any[]) => E;

/** Fails unless `condition` is truthy. */
export function assert(condition: unknown, message?: string): asserts condition {
  nodeAssert.ok(condition, message as string);
}

/** Fails unless both are deeply and strictly equal. */
export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  nodeAssert.deepStrictEqual(actual, expected, message as string);
}

/** Fails if both are deeply and strictly equal. */
export function assertNotEquals<T>(actual: T, expected: T, message?: string): void {
  nodeAssert.notDeepStrictEqual(actual, expected, message as string);
}

/** Fails unless both are the same value or object. */
export function assertStrictEquals<T>(actual: unknown, expected: T, message?: string): asserts actual is T {
  nodeAssert.strictEqual(actual, expected, message as string);
}

/** Fails for `null` and `undefined`. */
export function assertExists<T>(actual: T, message?: string): asserts actual is NonNullable<T> {
  nodeAssert.ok(actual !== null && actual !== undefined, message ?? `Expected a value, got ${actual}`);
}

/** Fails unless `actual` holds `expected`. */
export function assertStringIncludes(actual: string, expected: string, message?: string): void {
  nodeAssert.ok(actual.includes(expected), message ?? `Expected ${JSON.stringify(actual)} to include ${JSON.stringify(expected)}`);
}

/** Fails unless `actual` matches `expected`. */
export function assertMatch(actual: string, expected: RegExp, message?: string): void {
  nodeAssert.match(actual, expected, message as string);
}

/** Fails unless `actual > expected`. */
export function assertGreater<T>(actual: T, expected: T, message?: string): void {
  nodeAssert.ok(actual > expected, message ?? `Expected ${actual} to be greater than ${expected}`);
}

/** Fails unless `actual >= expected`. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, message?: string): void {
  nodeAssert.ok(actual >= expected, message ?? `Expected ${actual} to be at least ${expected}`);
}

/** Fails unless `actual < expected`. */
export function assertLess<T>(actual: T, expected: T, message?: string): void {
  nodeAssert.ok(actual < expected, message ?? `Expected ${actual} to be less than ${expected}`);
}

/** Fails unless `actual <= expected`. */
export function assertLessOrEqual<T>(actual: T, expected: T, message?: string): void {
  nodeAssert.ok(actual <= expected, message ?? `Expected ${actual} to be at most ${expected}`);
}

/** Fails unless `actual` is of the class; narrows the type. */
export function assertInstanceOf<E extends Error>(actual: unknown, expected: ErrorClass<E>, message?: string): asserts actual is E {
  nodeAssert.ok(actual instanceof expected, message ?? `Expected an instance of ${expected.name}, got ${actual}`);
}

/** Fails unless the call throws; returns what it threw. */
export function assertThrows<E extends Error = Error>(call: () => unknown, errorClass?: ErrorClass<E>, includes?: string): E {
  try {
    call();
  } catch (error) {
    return checkedError(error, errorClass, includes);
  }
  nodeAssert.fail("Expected the call to throw");
}

/** Fails unless the promise rejects; returns what it rejected with. */
export async function assertRejects<E extends Error = Error>(
  call: () => PromiseLike<unknown>,
  errorClass?: ErrorClass<E>,
  includes?: string,
): Promise<E> {
  try {
    await call();
  } catch (error) {
    return checkedError(error, errorClass, includes);
  }
  nodeAssert.fail("Expected the call to reject");
}

/** Fails always. */
export function fail(message?: string): never {
  nodeAssert.fail(message ?? "Failed");
}

function checkedError<E extends Error>(error: unknown, errorClass: ErrorClass<E> | undefined, includes: string | undefined): E {
  if (errorClass !== undefined) assertInstanceOf(error, errorClass);
  if (includes !== undefined) assertStringIncludes((error as Error).message, includes);
  return error as E;
}
