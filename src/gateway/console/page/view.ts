import type { Identity } from "./identity.ts";
import type { LiveState } from "./live.ts";
import type { RoomList } from "./room_list.ts";

/** What every section works with. */
export interface Page {
  readonly identity: Identity;
  readonly rooms: RoomList;
  /** Shows how the connection stands; undefined: this section holds none. */
  connection(state: LiveState | undefined): void;
}

/** A section: fills `main` and lets go of everything once the signal fires. `parameter` is what stands behind its name in the address. */
export interface View {
  readonly title: string;
  open(main: HTMLElement, page: Page, parameter: string, signal: AbortSignal): void;
}
