/**
 * The page: finds out who uses it, then shows the section that the address names.
 *
 * @module
 */
import { ApiError, sentenceOf, signedOut } from "./api.ts";
import { assistantView } from "./assistant_view.ts";
import { documentsView } from "./documents_view.ts";
import { byId, fill, h, notice } from "./dom.ts";
import { Identity } from "./identity.ts";
import { pause } from "./live.ts";
import { pluginsView } from "./plugins_view.ts";
import { roomAddress, RoomList } from "./room_list.ts";
import { roomView } from "./room_view.ts";
import { searchView } from "./search_view.ts";
import { signIn } from "./sign_in.ts";
import { systemView } from "./system_view.ts";
import type { LiveState } from "./live.ts";
import type { Page, View } from "./view.ts";

const VIEWS: Readonly<Record<string, View>> = {
  rooms: roomView,
  search: searchView,
  assistant: assistantView,
  documents: documentsView,
  plugins: pluginsView,
  system: systemView,
};
const TRY_AGAIN_MS = 2_000;
const main = byId("main");

await start();

async function start(): Promise<void> {
  const identity = await identified();
  const page: Page = { identity, rooms: new RoomList(byId("rooms")), connection };
  signedOut.listener = () => location.reload();
  showWho(identity);
  const sections = Object.entries(VIEWS).map(([name, { title }]) => h("a", { href: `#/${name}`, "data-section": name }, title));
  fill(byId("sections"), ...sections);
  let close = new AbortController();
  const show = () => {
    if (location.hash !== "" && !location.hash.startsWith("#/")) return;
    close.abort();
    close = new AbortController();
    showSection(page, close.signal);
  };
  addEventListener("hashchange", show);
  show();
}

async function identified(): Promise<Identity> {
  for (;;) {
    try {
      return await Identity.find();
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return await signIn(main);
      fill(main, notice(sentenceOf(error), "error"));
      await pause(TRY_AGAIN_MS, new AbortController().signal);
    }
  }
}

function showWho(identity: Identity): void {
  if (identity.isChosen) return;
  const leave = async () => {
    await identity.signOut().catch(() => {});
    location.reload();
  };
  fill(byId("who"), h("span", {}, identity.name), h("button", { type: "button", class: "plain", onclick: leave }, "Sign out"));
}

function showSection(page: Page, signal: AbortSignal): void {
  const [, name = "rooms", parameter = ""] = /^#\/(\w+)(?:\/(.*))?$/.exec(location.hash) ?? [];
  const isRooms = name === "rooms";
  // A wide page has room for the list beside a room, so it shows one at once.
  if (isRooms && parameter === "" && (location.hash === "" || matchMedia("(min-width: 48rem)").matches)) {
    return location.replace(roomAddress(page.rooms.last));
  }
  const view = VIEWS[name];
  const room = isRooms ? decoded(parameter) : "";
  document.body.dataset["view"] = isRooms && room === "" ? "room-list" : name;
  document.title = `${room || view?.title || "Chat"} · Chat`;
  for (const link of document.querySelectorAll<HTMLElement>("#sections a")) {
    if (link.dataset["section"] === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  byId("rooms").hidden = !isRooms;
  page.connection(undefined);
  page.rooms.open(room);
  fill(main);
  if (view === undefined) fill(main, notice(`There is no section ${name}`, "error"));
  else if (!isRooms || room !== "") view.open(main, page, decoded(parameter), signal);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function connection(state: LiveState | undefined): void {
  const element = byId("connection");
  const text = state === undefined ? "" : state.kind === "live" ? "Live" : state.why;
  if (element.textContent !== text) element.textContent = text;
  element.dataset["state"] = state?.kind ?? "none";
}
