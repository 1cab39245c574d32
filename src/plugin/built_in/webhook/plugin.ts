/**
 * Tells servers elsewhere of messages. Each delivery is signed as https://www.standardwebhooks.com has it, over its id, its time and its body; the id stays
 * the same however often it is tried, so that receivers can tell a repeat. Deliveries are not in order.
 *
 * @module
 */
import type { Plugin, PluginContext, PluginMessage, PluginStorage } from "../../author.ts";

type EventName = "message.created" | "message.deleted";

/** An address that is told. */
interface Target {
  readonly id: string;
  readonly url: string;
  readonly events: readonly EventName[];
  /** None: of every room. */
  readonly rooms: readonly string[];
  readonly secret: string;
}

/** Something to tell one of them. */
interface Delivery {
  readonly id: string;
  readonly target: string;
  readonly body: string;
  readonly attempts: number;
  /** Why the last attempt failed. */
  readonly problem: string;
}

const MAX_TARGETS = 20;
const ATTEMPT_MS = 5_000;
/** Longer contents are cut, which is told. */
const MAX_CONTENT = 8_000;
/** One minute, then twice as long each time: given up after two hours. */
const FIRST_PAUSE_MS = 60_000;
const MAX_ATTEMPTS = 8;
/** In one call, which may ask only so often. */
const RETRIES = 15;
const REPLAYS = 20;
const SECRET = "whsec_";

function isAllowed(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, port, username, password } = new URL(url);
  if (!/^https?:$/.test(protocol) || username !== "" || password !== "") return false;
  const host = `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
  return Deno.permissions.querySync({ name: "net", host }).state === "granted";
}

async function targetsOf(storage: PluginStorage): Promise<readonly Target[]> {
  return (await storage.list("target/")).entries.map(({ value }): Target => JSON.parse(value));
}

async function signature({ secret }: Target, { id, body }: Delivery, seconds: number): Promise<string> {
  const bytes = Uint8Array.fromBase64(secret.slice(SECRET.length));
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const signed = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(`${id}.${seconds}.${body}`));
  return `v1,${new Uint8Array(signed).toBase64()}`;
}

/** Tells once; gives why it failed, or nothing. A redirect is a failure: nobody but the address itself is told. */
async function attempt(target: Target, delivery: Delivery, signal: AbortSignal): Promise<string> {
  if (!isAllowed(target.url)) return "Its host is not granted any more";
  const seconds = Math.floor(Date.now() / 1_000);
  try {
    const response = await fetch(target.url, {
      ...{ method: "POST", body: delivery.body, redirect: "manual", signal: AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_MS)]) },
      headers: {
        "content-type": "application/json",
        "user-agent": "chat-webhook/1.0",
        "webhook-id": delivery.id,
        "webhook-timestamp": `${seconds}`,
        "webhook-signature": await signature(target, delivery, seconds),
      },
    });
    await response.body?.cancel();
    return response.ok ? "" : `It answered ${response.status}`;
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).slice(0, 300);
  }
}

const stamped = (ms: number) => `${Math.floor(ms)}`.padStart(15, "0");

/** Tells, and if that fails keeps it for later, or for good where nothing has helped. */
async function deliver(target: Target, delivery: Delivery, { signal, storage, log }: PluginContext): Promise<boolean> {
  const problem = await attempt(target, delivery, signal);
  if (problem === "") return true;
  const attempts = delivery.attempts + 1;
  const failed = JSON.stringify({ ...delivery, attempts, problem });
  if (attempts >= MAX_ATTEMPTS) {
    log.warn(`${target.url} could not be told in ${attempts} attempts`, problem);
    await keep(storage, `dead/${stamped(Date.now())}/${delivery.id}`, failed);
  } else await keep(storage, `queue/${stamped(Date.now() + FIRST_PAUSE_MS * 2 ** delivery.attempts)}/${delivery.id}`, failed);
  return false;
}

/** What has been given up longest ago makes room where there is none. */
async function keep(storage: PluginStorage, key: string, value: string): Promise<void> {
  try {
    await storage.set(key, value);
  } catch (error) {
    if ((error as { code?: string }).code !== "resource_exhausted") throw error;
    for (const { key: oldest } of (await storage.list("dead/", { limit: 10 })).entries) await storage.delete(oldest);
    await storage.set(key, value);
  }
}

function bodyOf(event: EventName, message: PluginMessage): string {
  const { id, room, seq, username, content, messageType, metadata, createdAtMs, updatedAtMs } = message;
  const isCut = content.length > MAX_CONTENT;
  return JSON.stringify({
    type: event,
    timestamp: new Date(updatedAtMs).toISOString(),
    data: {
      ...{ id, room, seq, username, message_type: messageType, created_at_ms: createdAtMs },
      ...(event === "message.deleted"
        ? {}
        : { content: isCut ? content.slice(0, MAX_CONTENT).toWellFormed() : content, truncated: isCut, metadata }),
    },
  });
}

async function tell(event: EventName, message: PluginMessage, context: PluginContext): Promise<void> {
  const targets = (await targetsOf(context.storage)).filter(({ events, rooms }) =>
    events.includes(event) && (rooms.length === 0 || rooms.includes(message.room))
  );
  const name = new TextEncoder().encode(`${event} ${message.room} ${message.seq}`);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", name)).toHex().slice(0, 24);
  const body = bodyOf(event, message);
  await Promise.all(
    targets.map((target) =>
      deliver(target, { id: `msg_${digest}_${target.id}`, target: target.id, body, attempts: 0, problem: "" }, context)
    ),
  );
}

function validSecret(secret: string | undefined): string {
  if (secret === undefined) return SECRET + crypto.getRandomValues(new Uint8Array(24)).toBase64();
  try {
    const { length } = Uint8Array.fromBase64(secret.slice(SECRET.length));
    if (secret.startsWith(SECRET) && length >= 24 && length <= 64) return secret;
  } catch { /* told below */ }
  throw new Error(`A secret is ${SECRET} and 24 to 64 bytes in base64`);
}

export default {
  actions: {
    async add(
      { url, events = ["message.created", "message.deleted"], rooms = [], secret }: {
        url: string;
        events?: EventName[];
        rooms?: string[];
        secret?: string;
      },
      { storage },
    ) {
      if (!isAllowed(url)) {
        throw new Error("The address must be http:// or https:// at a host that the plugin was granted (PLUGIN_WEBHOOK_HOSTS)");
      }
      if ((await targetsOf(storage)).length >= MAX_TARGETS) {
        throw new Error(`There are ${MAX_TARGETS} addresses, which is as many as there may be`);
      }
      const target: Target = { id: crypto.randomUUID().slice(0, 8), url, events, rooms, secret: validSecret(secret) };
      await storage.set(`target/${target.id}`, JSON.stringify(target));
      return { id: target.id, secret: target.secret };
    },
    async remove({ id }: { id: string }, { storage }) {
      return { removed: await storage.delete(`target/${id.slice(0, 64)}`) };
    },
    async list(_input: unknown, { storage }) {
      return { targets: (await targetsOf(storage)).map(({ secret: _, ...target }) => target) };
    },
    async dead({ after }: { after?: string }, { storage }) {
      const { entries, hasMore } = await storage.list("dead/", { limit: 100, ...(after === undefined ? {} : { afterKey: after }) });
      const deliveries = entries.map(({ key, value }) => ({ key, ...JSON.parse(value) as Delivery }));
      return { deliveries: deliveries.map(({ body, ...rest }) => ({ ...rest, body: JSON.parse(body) })), has_more: hasMore };
    },
    async replay({ key }: { key?: string }, { storage }) {
      const { entries } = await storage.list(key ?? "dead/", { limit: REPLAYS });
      const chosen = entries.filter((entry) => entry.key.startsWith("dead/") && (key === undefined || entry.key === key));
      for (const { key, value } of chosen) {
        const delivery: Delivery = { ...JSON.parse(value), attempts: 0 };
        await storage.set(`queue/${stamped(Date.now())}/${delivery.id}`, JSON.stringify(delivery));
        await storage.delete(key);
      }
      return { queued: chosen.length };
    },
    async retry(_input: unknown, context) {
      const { storage } = context;
      const targets = new Map((await targetsOf(storage)).map((target) => [target.id, target]));
      const { entries } = await storage.list("queue/", { limit: RETRIES });
      const due = entries.filter(({ key }) => Number(key.split("/")[1]) <= Date.now());
      const told = await Promise.all(due.map(async ({ key, value }) => {
        const delivery: Delivery = JSON.parse(value);
        const target = targets.get(delivery.target);
        const done = target !== undefined && await deliver(target, delivery, context);
        await storage.delete(key);
        return done;
      }));
      return { tried: due.length, delivered: told.filter((done) => done).length };
    },
  },
  hooks: {
    "message.after_create": (message, context) => tell("message.created", message, context),
    "message.after_delete": (message, context) => tell("message.deleted", message, context),
  },
} satisfies Plugin;
