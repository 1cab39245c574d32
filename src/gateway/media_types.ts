/** The media types that answers come in. */
export const JSON_TYPE = "application/json";
/** Server-sent events. */
export const EVENTS_TYPE = "text/event-stream";
/** One JSON text a line. */
export const LINES_TYPE = "application/x-ndjson";
