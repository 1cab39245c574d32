import type { Role } from "../contracts/mod.ts";
import { ai } from "./ai.ts";
import { message } from "./message.ts";
import { plugin } from "./plugin.ts";
import { rag } from "./rag.ts";
import type { RoleDefinition } from "./role.ts";

/** Every service there is. */
export const roles: { readonly [R in Role]: RoleDefinition<R> } = { message, rag, ai, plugin };
