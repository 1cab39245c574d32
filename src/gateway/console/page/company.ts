import { pause } from "./live.ts";

/** What the server says by the socket, as far as it is looked at. */
type Told =
  | { readonly type: "presence"; readonly room: string; readonly username: string; readonly status: string }
  | { readonly type: "typing"; readonly room: string; readonly username: string; readonly typing: boolean }
  | { readonly type: "ack"; readonly result: { readonly people?: readonly { readonly username: string }[] } };

/** Who else types is told again while it lasts, at most this often. */
const TYPING_MS = 2_000;
const TYPING_LASTS_MS = 5_000;
const TRY_AGAIN_MS = { least: 2_000, most: 60_000 } as const;

/** Who is in a room and who types there, by the server's WebSocket. An ornament: without it the room works all the same. */
export class Company {
  readonly #room: string;
  readonly #name: () => string;
  readonly #changed: () => void;
  readonly #people = new Set<string>();
  readonly #typists = new Map<string, ReturnType<typeof setTimeout>>();
  #socket: WebSocket | undefined;
  #typedAtMs = 0;

  constructor(room: string, name: () => string, changed: () => void) {
    this.#room = room;
    this.#name = name;
    this.#changed = changed;
  }

  /** Everybody who is there, by name. */
  get people(): readonly string[] {
    return [...this.#people].toSorted();
  }

  /** Those others who type. */
  get typists(): readonly string[] {
    return [...this.#typists.keys()].filter((name) => name !== this.#name());
  }

  /** Stays in the room until the signal fires, and comes back after a lost connection. */
  async stay(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; failures++) {
      if (navigator.onLine && await this.#connect(signal)) failures = 0;
      this.#people.clear();
      this.#changed();
      await pause(Math.min(TRY_AGAIN_MS.most, TRY_AGAIN_MS.least * 2 ** failures), signal);
    }
  }

  /** Says that the own name types, or does no longer. */
  types(typing: boolean): void {
    const nowMs = Date.now();
    const isKnown = typing ? nowMs - this.#typedAtMs < TYPING_MS : this.#typedAtMs === 0;
    if (this.#name() === "" || isKnown) return;
    this.#typedAtMs = typing ? nowMs : 0;
    if (!this.#people.has(this.#name())) this.arrive();
    this.#say({ type: "typing", username: this.#name(), typing });
  }

  /** Says that the own name is there; who has none yet only looks on. */
  arrive(): void {
    const own = this.#name() === "" ? {} : { username: this.#name(), status: "online" };
    this.#say({ type: "presence", ref: "people", ...own });
  }

  /** Resolves at the connection's end to whether there was one. */
  #connect(signal: AbortSignal): Promise<boolean> {
    const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/v1/ws`, ["chat.v1"]);
    this.#socket = socket;
    const close = () => socket.close();
    signal.addEventListener("abort", close);
    addEventListener("offline", close);
    return new Promise((resolve) => {
      let wasOpen = false;
      socket.addEventListener("open", () => {
        wasOpen = true;
        this.#say({ type: "subscribe" });
        this.arrive();
      });
      socket.addEventListener("message", ({ data }) => this.#hear(JSON.parse(data)));
      socket.addEventListener("close", () => {
        signal.removeEventListener("abort", close);
        removeEventListener("offline", close);
        resolve(wasOpen);
      });
    });
  }

  #hear(told: Told): void {
    if (told.type === "ack") { for (const { username } of told.result.people ?? []) this.#people.add(username); }
    else if (told.type === "presence") {
      if (told.status === "offline") this.#people.delete(told.username);
      else this.#people.add(told.username);
    } else if (told.type === "typing") this.#typing(told.username, told.typing);
    else return;
    this.#changed();
  }

  #typing(name: string, typing: boolean): void {
    clearTimeout(this.#typists.get(name));
    this.#typists.delete(name);
    if (!typing) return;
    const end = () => {
      this.#typists.delete(name);
      this.#changed();
    };
    this.#typists.set(name, setTimeout(end, TYPING_LASTS_MS));
  }

  #say(command: Readonly<Record<string, unknown>>): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ ...command, room: this.#room }));
  }
}
