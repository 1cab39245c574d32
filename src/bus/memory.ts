import type { Bus } from "./bus.ts";

/** The bus of a process that is alone: there is nobody to wake, and its own feeds hear of commits directly. */
export function createMemoryBus(): Bus {
  return {
    publish: () => {},
    subscribe: () => () => {},
    close: () => Promise.resolve(),
  };
}
