import type { StreamMessagesRequest } from "../contracts/mod.ts";
import { ChatError } from "../core/errors.ts";
import { DEFAULT_ROOM } from "../core/limits.ts";
import { BadRequest } from "./requests.ts";

/** The reading half of a call. */
interface Requests {
  on(event: "data", listener: (request: StreamMessagesRequest | BadRequest) => void): unknown;
  on(event: "end", listener: () => void): unknown;
}

/**
 * The requests of one open stream. Only the newest is kept, so a client that sends without end fills nothing; what an overtaken request said
 * about the position of the same room stays said.
 */
export class Inbox {
  #latest: StreamMessagesRequest | undefined;
  #failure: ChatError | undefined;
  #ended = false;
  #onChange: (() => void) | undefined;

  constructor(requests: Requests) {
    requests.on("data", (request) => {
      if (request instanceof BadRequest) this.#failure ??= request.error;
      else this.#latest = this.#latest === undefined ? request : goOn(request, this.#latest.room, this.#latest.afterSeq);
      this.#onChange?.();
    });
    requests.on("end", () => {
      this.#ended = true;
      this.#onChange?.();
    });
  }

  /** Takes the newest request out, if one has come. Throws `invalid_argument` when one could not be read. */
  take(): StreamMessagesRequest | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    const latest = this.#latest;
    this.#latest = undefined;
    return latest;
  }

  /** Whether something has come that a running subscription must make way for. */
  get waiting(): boolean {
    return this.#latest !== undefined || this.#failure !== undefined;
  }

  /** Calls `listener` when a request comes, at once if one has; one listener at a time, undefined for none. */
  whenWaiting(listener: (() => void) | undefined): void {
    this.#onChange = listener && (() => this.waiting && listener());
    this.#onChange?.();
  }

  /** Waits for the first request. Throws `invalid_argument` when the client ends its side without one. Resolves with undefined on abort. */
  async first(signal: AbortSignal): Promise<StreamMessagesRequest | undefined> {
    await new Promise<void>((resolve) => {
      this.#onChange = () => (this.waiting || this.#ended) && resolve();
      this.#onChange();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    this.#onChange = undefined;
    const request = this.take();
    if (request === undefined && !signal.aborted) throw new ChatError("invalid_argument", "The stream ended before its first request");
    return request;
  }
}

/** A request that names no position goes on from `position` if it is about the same room. */
export function goOn(request: StreamMessagesRequest, room: string | undefined, position: number | undefined): StreamMessagesRequest {
  const sameRoom = (request.room || DEFAULT_ROOM) === (room || DEFAULT_ROOM);
  return request.afterSeq !== undefined || position === undefined || !sameRoom ? request : { ...request, afterSeq: position };
}
