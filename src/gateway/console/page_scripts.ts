/**
 * The page's modules as texts; those that hold only types are not needed at run time.
 *
 * @module
 */
import answer from "./page/answer.ts" with { type: "text" };
import api from "./page/api.ts" with { type: "text" };
import assistantView from "./page/assistant_view.ts" with { type: "text" };
import company from "./page/company.ts" with { type: "text" };
import composer from "./page/composer.ts" with { type: "text" };
import documentsView from "./page/documents_view.ts" with { type: "text" };
import dom from "./page/dom.ts" with { type: "text" };
import identity from "./page/identity.ts" with { type: "text" };
import live from "./page/live.ts" with { type: "text" };
import main from "./page/main.ts" with { type: "text" };
import memory from "./page/memory.ts" with { type: "text" };
import messageItem from "./page/message_item.ts" with { type: "text" };
import messageList from "./page/message_list.ts" with { type: "text" };
import moods from "./page/moods.ts" with { type: "text" };
import outbox from "./page/outbox.ts" with { type: "text" };
import passage from "./page/passage.ts" with { type: "text" };
import pluginInstall from "./page/plugin_install.ts" with { type: "text" };
import pluginsView from "./page/plugins_view.ts" with { type: "text" };
import roomList from "./page/room_list.ts" with { type: "text" };
import roomLog from "./page/room_log.ts" with { type: "text" };
import roomView from "./page/room_view.ts" with { type: "text" };
import searchView from "./page/search_view.ts" with { type: "text" };
import signIn from "./page/sign_in.ts" with { type: "text" };
import sse from "./page/sse.ts" with { type: "text" };
import systemView from "./page/system_view.ts" with { type: "text" };
import upload from "./page/upload.ts" with { type: "text" };

/** Each module under its name. */
export const PAGE_SCRIPTS: Readonly<Record<string, string>> = {
  answer,
  api,
  assistant_view: assistantView,
  company,
  composer,
  documents_view: documentsView,
  dom,
  identity,
  live,
  main,
  memory,
  message_item: messageItem,
  message_list: messageList,
  moods,
  outbox,
  passage,
  plugin_install: pluginInstall,
  plugins_view: pluginsView,
  room_list: roomList,
  room_log: roomLog,
  room_view: roomView,
  search_view: searchView,
  sign_in: signIn,
  sse,
  system_view: systemView,
  upload,
};
