/**
 * Says under a message with links what stands behind them. Only hosts that the plugin was granted are asked, also after redirects; of a page so many bytes are
 * read, in so much time, and taken for text in which a few tags are looked for.
 *
 * @module
 */
import type { Plugin } from "../../author.ts";

/** What a page says of itself. */
interface Preview {
  readonly url: string;
  readonly title: string;
  readonly description: string;
}

const MAX_LINKS = 3;
const MAX_BYTES = 262_144;
const PAGE_MS = 4_000;
const MAX_REDIRECTS = 3;
const MAX_TITLE = 200;
const MAX_DESCRIPTION = 400;
const MAX_TAGS = 200;
const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
  ndash: "–",
  mdash: "—",
  hellip: "…",
};

/** The links of a text, each once, without the punctuation that ends a sentence. */
function linksOf(content: string): readonly URL[] {
  const found = [...content.matchAll(/\bhttps?:\/\/[^\s<>"'`]{1,2000}/giu)].map(([link]) => withoutEnd(link));
  const links = new Map<string, URL>();
  for (const link of found) {
    if (!URL.canParse(link)) continue;
    const url = new URL(link);
    url.hash = "";
    if (links.size < MAX_LINKS && isAllowed(url)) links.set(url.href, url);
  }
  return [...links.values()];
}

/** A sentence's own punctuation is not the link's. */
function withoutEnd(link: string): string {
  let end = link.length;
  while (".,;:!?)]}»”’".includes(link.charAt(end - 1))) end--;
  return link.slice(0, end);
}

/** Nobody is asked who was not granted, and nobody is shown a name and a password. */
function isAllowed({ protocol, hostname, port, username, password }: URL): boolean {
  if (!/^https?:$/.test(protocol) || username !== "" || password !== "") return false;
  const host = `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
  return Deno.permissions.querySync({ name: "net", host }).state === "granted";
}

/** The page's answer, after redirects to hosts that are allowed; undefined for anything but a page. */
async function open(link: URL, signal: AbortSignal): Promise<{ readonly response: Response; readonly url: URL } | undefined> {
  let url = link;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await fetch(url, {
      redirect: "manual",
      signal,
      headers: { accept: "text/html", "user-agent": "chat-link-preview/1.0" },
    });
    const location = response.headers.get("location");
    const isPage = response.ok && /^(text\/html|application\/xhtml\+xml)\b/i.test(response.headers.get("content-type") ?? "");
    if (isPage) return { response, url };
    await response.body?.cancel();
    if (response.status < 300 || response.status > 399 || location === null || !URL.canParse(location, url.href)) return undefined;
    url = new URL(location, url.href);
    if (!isAllowed(url)) return undefined;
  }
  return undefined;
}

/** As much of a page as is looked at. */
async function beginningOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= MAX_BYTES) break;
  }
  const bytes = new Uint8Array(size);
  chunks.reduce((at, chunk) => (bytes.set(chunk, at), at + chunk.length), 0);
  return decoderFor(response, bytes).decode(bytes.subarray(0, MAX_BYTES));
}

function decoderFor(response: Response, bytes: Uint8Array): TextDecoder {
  const named = /charset\s*=\s*["']?([\w-]{1,40})/i;
  const ascii = new TextDecoder("latin1").decode(bytes.subarray(0, 2_048));
  const charset = named.exec(response.headers.get("content-type") ?? "")?.[1] ?? named.exec(ascii)?.[1] ?? "utf-8";
  try {
    return new TextDecoder(charset);
  } catch {
    return new TextDecoder();
  }
}

/** What a page's head says; each pattern ends at the next tag, so that no page takes long. */
function previewOf(html: string, url: URL): Preview | undefined {
  const told = new Map<string, string>();
  for (const [tag] of [...html.matchAll(/<meta\s[^<>]{0,2000}>/giu)].slice(0, MAX_TAGS)) {
    const attributes = new Map(
      [...tag.matchAll(/\s([a-z:-]{1,20})\s*=\s*(?:"([^"]*)"|'([^']*)')/giu)].map(([, name = "", double, single]) => [
        name.toLowerCase(),
        double ?? single ?? "",
      ]),
    );
    const name = (attributes.get("property") ?? attributes.get("name") ?? "").toLowerCase();
    if (!told.has(name)) told.set(name, attributes.get("content") ?? "");
  }
  const heading = /<title(?:\s[^<>]{0,500})?>([^<]{0,5000})/iu.exec(html)?.[1] ?? "";
  const title = plain(told.get("og:title") || heading, MAX_TITLE);
  if (title === "") return undefined;
  return { url: url.href, title, description: plain(told.get("og:description") || told.get("description") || "", MAX_DESCRIPTION) };
}

/** Text on one line, its entities read, nothing in it that is not shown. */
function plain(html: string, most: number): string {
  const text = html.slice(0, 10 * most).replace(/&(#x[0-9a-f]{1,6}|#\d{1,7}|[a-z]{2,8});/giu, (whole, name: string) => {
    if (!name.startsWith("#")) return ENTITIES[name.toLowerCase()] ?? whole;
    const code = /^#x/i.test(name) ? parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? String.fromCodePoint(code) : "";
  }).replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ").replace(/\p{Bidi_Control}/gu, "").trim().toWellFormed();
  return text.length <= most ? text : `${text.slice(0, most - 1).trimEnd().toWellFormed()}…`;
}

async function look(link: URL, signal: AbortSignal): Promise<Preview | undefined> {
  const page = await open(link, signal);
  return page === undefined ? undefined : previewOf(await beginningOf(page.response), page.url);
}

export default {
  hooks: {
    async "message.after_create"({ id, room, content, messageType }, { signal, messages, log }) {
      if (messageType === "link_preview") return;
      for (const [index, link] of linksOf(content).entries()) {
        const preview = await look(link, AbortSignal.any([signal, AbortSignal.timeout(PAGE_MS)])).catch((error) => {
          log.info(`Nothing could be read of ${link.host}`, error);
          return undefined;
        });
        if (preview === undefined) continue;
        const { url, title, description } = preview;
        await messages.post({
          ...{ room, content: [title, description, url].filter((line) => line !== "").join("\n"), messageType: "link_preview" },
          metadata: { preview_of: `${id}`, preview_url: url, preview_title: title, preview_description: description },
          clientMessageId: `${id}/${index}`,
        });
      }
    },
  },
} satisfies Plugin;
