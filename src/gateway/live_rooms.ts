/**
 * Typing and presence: who follows a room here is told, and so are the other processes, which tell those who follow it there. Nothing of it is stored.
 * A process says again and again who is in its rooms, so that one that dies is noticed, and one that has missed something hears it later.
 *
 * @module
 */
import { MAX_SIGNAL_BYTES, type Signal, type Signals } from "../core/signals.ts";
import { type Holder, Presence, type Present } from "./presence.ts";

/** Somebody who follows a room by a socket. */
export interface Listener {
  /** Takes a frame; may leave it out. */
  whisper(frame: string): void;
}

/** How live rooms are made; the times are for tests to shorten. */
export interface LiveRoomsOptions {
  /** To the other processes; default: there are none. */
  readonly signals?: Signals | undefined;
  /** How often a process says who is in its rooms; after three times without word its people count as gone. */
  readonly repeatMs?: number;
}

/** Of one typist others are told at most this often, unless something changes. */
const TYPING_MS = 2_000;
const LIFE_IN_REPEATS = 3;

interface LiveRoom {
  readonly listeners: Set<Listener>;
  readonly presence: Presence;
  readonly typists: Map<string, { readonly typing: boolean; readonly atMs: number }>;
}

/** What goes from process to process. */
interface Word {
  readonly from: string;
  readonly people?: readonly (readonly [username: string, status: string])[];
  readonly typing?: readonly [username: string, typing: boolean];
  /** Asks who is in the room. */
  readonly asks?: boolean;
}

/** The rooms that are followed here by sockets. */
export class LiveRooms {
  readonly #rooms = new Map<string, LiveRoom>();
  readonly #signals: Signals | undefined;
  readonly #repeatMs: number;
  readonly #name = crypto.randomUUID();
  readonly #unsubscribe: (() => void) | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor({ signals, repeatMs = 10_000 }: LiveRoomsOptions = {}) {
    this.#signals = signals;
    this.#repeatMs = repeatMs;
    this.#unsubscribe = signals?.onSignal((signal) => this.#hear(signal));
  }

  /** From now on the listener is told what happens in the room, until {@link leave}. */
  join(name: string, listener: Listener): void {
    const room = this.#rooms.get(name);
    if (room === undefined) {
      this.#rooms.set(name, { listeners: new Set([listener]), presence: new Presence(), typists: new Map() });
      // With the listener in place, because the answers may come in this very turn.
      this.#send(name, { asks: true });
    } else room.listeners.add(listener);
    if (this.#signals !== undefined) this.#timer ??= setInterval(() => this.#repeat(), this.#repeatMs);
  }

  /** Ends what the listener is told of the room and what it has said of itself there. */
  leave(name: string, listener: Listener): void {
    const room = this.#rooms.get(name);
    if (room === undefined) return;
    room.listeners.delete(listener);
    const here = room.presence.people((holder) => holder === listener);
    for (const { username } of here) this.setPresence(name, listener, { username, status: "offline" });
    if (room.listeners.size > 0) return;
    this.#rooms.delete(name);
    if (this.#rooms.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Tells everybody but `from` that somebody types, or does no longer. */
  setTyping(name: string, from: Listener, { username, typing }: { readonly username: string; readonly typing: boolean }): void {
    const room = this.#rooms.get(name);
    if (room === undefined) return;
    const nowMs = Date.now();
    const last = room.typists.get(username);
    if (last?.typing === typing && (!typing || nowMs - last.atMs < TYPING_MS)) return;
    if (typing) room.typists.set(username, { typing, atMs: nowMs });
    else room.typists.delete(username);
    tell(room, { type: "typing", room: name, username, typing }, from);
    this.#send(name, { typing: [username, typing] });
  }

  /** Takes a listener's word on how somebody is. */
  setPresence(name: string, from: Listener, present: Present): void {
    const room = this.#rooms.get(name);
    if (room === undefined) return;
    const before = room.presence.status(present.username, isHere);
    this.#changed(name, room, room.presence.set(from, present));
    const status = room.presence.status(present.username, isHere);
    if (status !== before) this.#send(name, { people: [[present.username, status]] });
  }

  /** Who is in the room, here and elsewhere. */
  people(name: string): readonly Present[] {
    return this.#rooms.get(name)?.presence.people() ?? [];
  }

  /** Hears and says nothing more. */
  close(): void {
    clearInterval(this.#timer);
    this.#unsubscribe?.();
  }

  #changed(name: string, room: LiveRoom, change: Present | undefined): void {
    if (change !== undefined) tell(room, { type: "presence", room: name, ...change });
  }

  #repeat(): void {
    const nowMs = Date.now();
    for (const [name, room] of this.#rooms) {
      for (const change of room.presence.expire(nowMs)) this.#changed(name, room, change);
      for (const [username, { atMs }] of room.typists) if (nowMs - atMs > TYPING_MS) room.typists.delete(username);
      this.#sayWhoIsHere(name, room);
    }
  }

  #sayWhoIsHere(name: string, room: LiveRoom): void {
    const encoder = new TextEncoder();
    let [people, bytes]: [(readonly [string, string])[], number] = [[], 0];
    for (const { username, status } of room.presence.people(isHere)) {
      const size = encoder.encode(JSON.stringify([username, status])).length + 1;
      if (bytes + size > MAX_SIGNAL_BYTES - WORD_BYTES) {
        this.#send(name, { people });
        [people, bytes] = [[], 0];
      }
      people.push([username, status]);
      bytes += size;
    }
    if (people.length > 0) this.#send(name, { people });
  }

  #send(room: string, word: Omit<Word, "from">): void {
    this.#signals?.signal({ room, body: JSON.stringify({ from: this.#name, ...word } satisfies Word) });
  }

  /** What others say is not trusted further than that it is about their own people. */
  #hear({ room: name, body }: Signal): void {
    const room = this.#rooms.get(name);
    const word = room && parseWord(body);
    if (room === undefined || word === undefined) return;
    const untilMs = Date.now() + this.#repeatMs * LIFE_IN_REPEATS;
    for (const [username, status] of word.people ?? []) {
      if (isStatus(status)) this.#changed(name, room, room.presence.set(word.from, { username, status }, untilMs));
    }
    if (word.typing !== undefined) tell(room, { type: "typing", room: name, username: word.typing[0], typing: word.typing[1] });
    if (word.asks === true) this.#sayWhoIsHere(name, room);
  }
}

/** Room in a signal for what stands around the names. */
const WORD_BYTES = 128;

const isHere = (holder: Holder) => typeof holder !== "string";
const isStatus = (text: string): text is Present["status"] => text === "online" || text === "away" || text === "offline";

function tell(room: LiveRoom, message: object, except?: Listener): void {
  const frame = JSON.stringify(message);
  for (const listener of room.listeners) if (listener !== except) listener.whisper(frame);
}

function parseWord(body: string): Word | undefined {
  try {
    const { from, people, typing, asks } = JSON.parse(body);
    if (typeof from !== "string") return undefined;
    const isPair = (pair: unknown) => Array.isArray(pair) && typeof pair[0] === "string" && typeof pair[1] === "string";
    return {
      from,
      ...(Array.isArray(people) && people.every(isPair) ? { people } : {}),
      ...(Array.isArray(typing) && typeof typing[0] === "string" && typeof typing[1] === "boolean"
        ? { typing: [typing[0], typing[1]] as const }
        : {}),
      asks: asks === true,
    };
  } catch {
    return undefined;
  }
}
