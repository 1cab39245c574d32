import { type Caller, SCOPES } from "../../core/caller.ts";

/** This system itself, for what it reads to keep others to what they may do. Never for what a plugin asks. */
export const SYSTEM: Caller = { kind: "anonymous", id: "plugins", name: "", scopes: new Set(SCOPES) };
