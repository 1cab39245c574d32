import type { PresenceStatus } from "./websocket_protocol.ts";

/** Somebody in a room. */
export interface Present {
  readonly username: string;
  readonly status: PresenceStatus;
}

/** Who holds somebody in a room: a socket here, or another process that answers for all of its own. */
export type Holder = object | string;

interface Held {
  readonly status: PresenceStatus;
  readonly untilMs: number;
}

/** The people that others can make a process remember in one room. */
const MAX_PEOPLE = 10_000;

/** Who is in one room. Somebody is there as long as any holder says so, and online if any says that. */
export class Presence {
  readonly #people = new Map<string, Map<Holder, Held>>();

  /** Takes a holder's word until `untilMs`; gives what that changes for those who look on, if anything. */
  set(holder: Holder, { username, status }: Present, untilMs = Infinity): Present | undefined {
    const before = this.status(username);
    let holders = this.#people.get(username);
    if (status === "offline") {
      holders?.delete(holder);
      if (holders?.size === 0) this.#people.delete(username);
    } else {
      if (holders === undefined) {
        if (this.#people.size >= MAX_PEOPLE) return undefined;
        this.#people.set(username, holders = new Map());
      }
      holders.set(holder, { status, untilMs });
    }
    const after = this.status(username);
    return after === before ? undefined : { username, status: after };
  }

  /** How somebody is; of those whom `counts` says, if given. */
  status(username: string, counts: (holder: Holder) => boolean = () => true): PresenceStatus {
    const statuses = [...this.#people.get(username) ?? []].filter(([holder]) => counts(holder)).map(([, held]) => held.status);
    return statuses.includes("online") ? "online" : statuses.includes("away") ? "away" : "offline";
  }

  /** Everybody who is not offline; of those whom `counts` says, if given. */
  people(counts?: (holder: Holder) => boolean): readonly Present[] {
    return [...this.#people.keys()].map((username) => ({ username, status: this.status(username, counts) }))
      .filter(({ status }) => status !== "offline");
  }

  /** Forgets what a holder has said; gives what that changes. */
  drop(holder: Holder): readonly Present[] {
    return this.#dropWhere((each) => each === holder);
  }

  /** Forgets what has not been said again in time; gives what that changes. */
  expire(nowMs: number): readonly Present[] {
    return this.#dropWhere((_, held) => held.untilMs <= nowMs);
  }

  get isEmpty(): boolean {
    return this.#people.size === 0;
  }

  #dropWhere(isOver: (holder: Holder, held: Held) => boolean): readonly Present[] {
    const changes: Present[] = [];
    for (const [username, holders] of this.#people) {
      for (const [holder, held] of holders) {
        const change = isOver(holder, held) ? this.set(holder, { username, status: "offline" }) : undefined;
        if (change !== undefined) changes.push(change);
      }
    }
    return changes;
  }
}
