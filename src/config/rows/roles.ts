import { addresses, setOf } from "../kinds.ts";
import { given, optional } from "../setting.ts";

/** Which parts this process plays, and where the others are. */
export const rolesRows = {
  SERVICES: given(
    setOf(["gateway", "message", "rag", "ai", "plugin"]),
    "gateway,message,rag,ai,plugin",
    "The parts that this process plays, separated by commas",
    "All there are, so that one process is a whole system",
  ),
  MESSAGE_SERVICE_ADDR: optional(
    addresses,
    "host:port of the message service's gRPC server, or of several over which calls are spread, separated by commas; for a process that calls it and does not play `message` itself",
    "Needed only when the system is split over processes; a gateway cannot do without",
  ),
  RAG_SERVICE_ADDR: optional(addresses, "The same for the RAG service and `rag`", "Unset: what needs documents does without"),
  AI_SERVICE_ADDR: optional(addresses, "The same for the AI service and `ai`", "Unset: what needs answers does without"),
  PLUGIN_SERVICE_ADDR: optional(addresses, "The same for the plugin service and `plugin`", "Unset: there are no plugins"),
} as const;
