/**
 * The command `deno task keys`: makes, lists and revokes API keys, also while a server runs. The key goes to the standard output, all else to the
 * standard error. Exit codes: 0 done, 1 refused (one sentence), 2 the command line makes no sense.
 *
 * @module
 */
import { keyStore } from "../src/auth/authenticator.ts";
import { hashKey, makeKey } from "../src/auth/keys/format.ts";
import type { KeyStore, StoredKey } from "../src/auth/keys/store.ts";
import { readConfig } from "../src/config/read.ts";
import { ChatError } from "../src/core/errors.ts";
import { openDatabase } from "../src/database/open.ts";
import { createLog } from "../src/observability/log.ts";
import { harmless } from "./chat/output.ts";
import { UsageError } from "./chat/usage.ts";
import { type KeysCommand, parseKeysCommand, USAGE } from "./keys/arguments.ts";

/** The settings that say where keys are; others may be wrong without harm. */
const SETTINGS = ["DATABASE_URL", "DATA_DIR", "API_KEYS_PATH"] as const;
const DAY_MS = 86_400_000;

async function main(args: readonly string[]): Promise<number> {
  try {
    const command = parseKeysCommand(args);
    if (command.name === "help") console.log(USAGE);
    else await withStore((store) => run(command, store));
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof ChatError)) throw error;
    console.error(error instanceof UsageError ? `${error.message}\n\n${USAGE}` : error.message);
    return error instanceof UsageError ? 2 : 1;
  }
}

async function withStore(work: (store: KeyStore) => Promise<void>): Promise<void> {
  const { auth, database: place } = readConfig(Object.fromEntries(SETTINGS.map((name) => [name, Deno.env.get(name)])));
  if (auth.keysPath !== undefined) return await work(keyStore(auth, undefined));
  const database = await openDatabase(place, { log: createLog("error", (line) => console.error(line)) });
  try {
    await work(keyStore(auth, database));
  } finally {
    await database.close();
  }
}

async function run(command: Exclude<KeysCommand, { readonly name: "help" }>, store: KeyStore): Promise<void> {
  if (command.name === "create") return await create(command, store);
  if (command.name === "list") {
    const keys = await store.list();
    return console.log(command.json ? JSON.stringify(keys.map(({ hash: _, ...shown }) => shown), undefined, 1) : table(keys));
  }
  if (!await store.revoke(command.id, Date.now())) throw new ChatError("not_found", `There is no API key ${JSON.stringify(command.id)}`);
  console.error(`API key ${command.id} is revoked`);
}

async function create(command: Extract<KeysCommand, { readonly name: "create" }>, store: KeyStore): Promise<void> {
  const { label, username, scopes, rooms, validDays } = command;
  const key = makeKey();
  const createdAtMs = Date.now();
  await store.add({
    ...{ id: key.id, hash: hashKey(key), label, username, scopes, createdAtMs },
    ...(rooms === undefined ? {} : { rooms }),
    ...(validDays === undefined ? {} : { expiresAtMs: createdAtMs + validDays * DAY_MS }),
  });
  console.error(`API key ${key.id} of ${username} allows ${scopes.join(", ")}; this is the only time that it is shown:`);
  console.log(key.text);
}

function table(keys: readonly StoredKey[]): string {
  const day = (ms: number | undefined) => ms === undefined ? "" : new Date(ms).toISOString().slice(0, 10);
  const state = ({ revokedAtMs, expiresAtMs }: StoredKey) =>
    revokedAtMs !== undefined ? `revoked ${day(revokedAtMs)}` : (expiresAtMs ?? Infinity) <= Date.now() ? "expired" : "good";
  const rows = keys.map((key) => [
    ...[key.id, harmless(key.username), state(key), day(key.createdAtMs), day(key.expiresAtMs), harmless(key.label), key.scopes.join(",")],
    key.rooms === undefined ? "" : harmless(key.rooms.join(",")),
  ]);
  const all = [["id", "user", "state", "made", "expires", "label", "scopes", "rooms"], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  return all.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd()).join("\n");
}

if (import.meta.main) Deno.exit(await main(Deno.args));
