import { type OpenAPIHono, z } from "@hono/zod-openapi";
import type { MessageService, Room } from "../contracts/mod.ts";
import type { GatewayEnv } from "./context.ts";
import { ServiceRoutes } from "./endpoint.ts";
import { addLink } from "./links.ts";
import { roomPageSchema, roomSchema } from "./schemas/message.ts";
import { flag, int32, listOf, queryFlag, queryInt32, text } from "./shape.ts";

const listQuery = z.strictObject({
  limit: queryInt32.optional(),
  after_room: text.optional(),
  only_documents: queryFlag.optional(),
  only_assistant: queryFlag.optional(),
  visible_to: text.optional(),
});

const updateBody = z.strictObject({
  title: text.optional(),
  description: text.optional(),
  restricted: flag.optional(),
  members: listOf(text).optional(),
  replace_members: flag.optional(),
  documents: flag.optional(),
  assistant: flag.optional(),
  if_version: int32.optional(),
}).openapi("RoomSettings", { example: { title: "The kitchen", documents: true } });

/** Rooms under `/v1/rooms`. */
export function addRoomRoutes(app: OpenAPIHono<GatewayEnv>, service: MessageService): void {
  const routes = new ServiceRoutes(app, { service, grpcName: "chat.MessageService", tag: "message" });
  const params = z.strictObject({ room: text });
  const etag = ({ version, headSeq }: Room) => `v${version}-${headSeq}`;
  routes.json(
    { method: "get", path: "/v1/rooms", rpc: "ListRooms", summary: "List the rooms", query: listQuery, answer: roomPageSchema },
    async (service, request, c) => {
      const page = await service.listRooms(request, c.var.call);
      if (page.hasMore) addLink(c, "next", { after_room: page.nextRoom });
      if (request.afterRoom !== undefined) addLink(c, "first", { after_room: undefined });
      return page;
    },
  );
  routes.json(
    { method: "get", path: "/v1/rooms/{room}", rpc: "GetRoom", summary: "Read a room's settings", params, answer: roomSchema, etag },
    (service, request, c) => service.getRoom(request, c.var.call),
  );
  routes.json({
    ...{ method: "patch", path: "/v1/rooms/{room}", rpc: "UpdateRoom", summary: "Change a room's settings", params, body: updateBody },
    ...{ description: "`If-Match` with an ETag stands in for `if_version`.", answer: roomSchema, takesIfMatch: true },
  }, (service, request, c) => service.updateRoom(request, c.var.call));
}
