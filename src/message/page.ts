import type { GetMessagesResponse, Message } from "../contracts/mod.ts";
import { messageBytes, messageOf } from "./row.ts";
import type { StoredPage } from "./store_page.ts";
import type { ValidPage } from "./validate.ts";

/** Cuts what was read to the page's limit and size, and says where the next page begins. A page holds at least one message where there is one. */
export function trimPage(page: ValidPage, stored: StoredPage, maxBytes: number): GetMessagesResponse {
  const messages: Message[] = [];
  let bytes = 0;
  for (const row of stored.rows.slice(0, page.limit)) {
    const message = messageOf(page.room, row, { seq: row.id, eventType: "created" });
    bytes += messageBytes(message);
    if (bytes > maxBytes && messages.length > 0) break;
    messages.push(message);
  }
  const hasMore = messages.length < stored.rows.length;
  return {
    messages,
    totalCount: stored.totalCount,
    hasMore,
    nextSeq: hasMore ? messages.at(-1)?.id ?? 0 : 0,
    headSeq: stored.headSeq,
  };
}
