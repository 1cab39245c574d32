import { RemoteAiService } from "../clients/remote_ai_service.ts";
import type { RoleDefinition } from "./role.ts";

/** Answers and moods. This version has none of its own: it reaches one that runs elsewhere. */
export const ai: RoleDefinition<"ai"> = {
  reach: (options) => new RemoteAiService(options),
};
