/**
 * The page's files as they are served. Scripts lose their types here, at the start, so that what is checked is what runs and nothing is built before.
 *
 * @module
 */
import { stripTypeScriptTypes } from "node:module";
import { PAGE_SCRIPTS } from "./page_scripts.ts";
import page from "./page/index.html" with { type: "text" };
import icon from "./page/icon.svg" with { type: "text" };
import style from "./page/style.css" with { type: "text" };

/** A file as it goes out. */
export interface Asset {
  readonly type: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** The page and everything that it loads. */
export interface PageAssets {
  /** The HTML, which names the files by their version. */
  readonly page: Asset;
  /** Of the page's very bytes. */
  readonly etag: string;
  /** A hash of all files together: an address with it never changes what it gives. */
  readonly version: string;
  /** By name. */
  readonly files: ReadonlyMap<string, Asset>;
}

const encoder = new TextEncoder();

/** Makes the page's files from the sources; `base` is the path that their version stands under, such as `/page`. */
export async function pageAssets(base: string): Promise<PageAssets> {
  const scripts = Object.entries(PAGE_SCRIPTS).map(([name, source]): [string, Asset] => [`${name}.js`, script(source)]);
  const files = new Map<string, Asset>([
    ...scripts,
    ["style.css", text("text/css", style)],
    ["icon.svg", text("image/svg+xml", icon)],
  ]);
  const version = await hashOf([...files.values()].map(({ body }) => body));
  const assets = `${base}/${version}`;
  const preloads = scripts.map(([name]) => `<link rel="modulepreload" href="${assets}/${name}">`).join("\n    ");
  const html = text("text/html", page.replaceAll("@assets", assets).replaceAll("<!-- preloads -->", preloads));
  return { page: html, etag: `"${await hashOf([html.body])}"`, version, files };
}

function script(source: string): Asset {
  // One file imports another by its name beside it, so all that differs between the source's name and the served one is the ending.
  return text("text/javascript", stripTypeScriptTypes(source).replaceAll(/(from "\.\/\w+)\.ts"/g, '$1.js"'));
}

function text(type: string, content: string): Asset {
  return { type: `${type}; charset=utf-8`, body: encoder.encode(content) };
}

async function hashOf(parts: readonly Uint8Array<ArrayBuffer>[]): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", await new Blob([...parts]).arrayBuffer()));
  return bytes.toHex().slice(0, 20);
}
