import type { Role } from "../contracts/mod.ts";
import { message } from "./message.ts";
import { rag } from "./rag.ts";
import type { RoleDefinition } from "./role.ts";

/** Every service there is. */
export const roles: { readonly [R in Role]: RoleDefinition<R> } = { message, rag };
