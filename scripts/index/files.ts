import { basename, dirname, extname, join, relative, resolve, sep } from "node:path";

/** A file to send. */
export interface FoundFile {
  readonly path: string;
  readonly documentId: string;
  readonly mediaType: string;
  readonly bytes: number;
}

/** A file or folder that is not sent, and why. */
export interface SkippedPath {
  readonly path: string;
  readonly reason: string;
}

/** What was found, in the order of paths. */
export type Found = { readonly file: FoundFile } | { readonly skipped: SkippedPath };

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  ...{
    ".txt": "text/plain",
    ".text": "text/plain",
    ".log": "text/plain",
    ".rst": "text/plain",
    ".adoc": "text/plain",
    ".org": "text/plain",
  },
  ...{ ".tex": "text/plain", ".csv": "text/plain", ".tsv": "text/plain", ".md": "text/markdown", ".markdown": "text/markdown" },
  ...{ ".html": "text/html", ".htm": "text/html", ".xhtml": "text/html", ".pdf": "application/pdf" },
};
const SKIPPED_FOLDERS = new Set(["node_modules", "__pycache__"]);
/** What the server takes at most; it says so itself of files that only its message limit keeps out. */
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_ID_BYTES = 512;

/** Walks files and folders in the order of their names. A path that cannot be read is skipped; one that was named and is not there throws. */
export async function* findFiles(paths: readonly string[], folder: string): AsyncGenerator<Found> {
  for (const path of paths) {
    const top = resolve(folder, path);
    const info = await Deno.stat(top);
    if (info.isDirectory) yield* walk(top, dirname(top));
    else yield toFound(top, { base: dirname(top), size: info.size, named: true });
  }
}

async function* walk(folder: string, base: string): AsyncGenerator<Found> {
  let entries: Deno.DirEntry[];
  try {
    entries = await Array.fromAsync(Deno.readDir(folder));
  } catch (error) {
    yield { skipped: { path: folder, reason: reasonOf(error) } };
    return;
  }
  for (const entry of entries.sort((left, right) => left.name < right.name ? -1 : 1)) {
    const path = join(folder, entry.name);
    const skip = (reason: string): Found => ({ skipped: { path, reason } });
    if (entry.name.startsWith(".")) yield skip("hidden");
    else if (entry.isSymlink) yield skip("a symbolic link");
    else if (entry.isDirectory) {
      if (SKIPPED_FOLDERS.has(entry.name)) yield skip("holds no documents of its own");
      else yield* walk(path, base);
    } else if (entry.isFile) yield await sized(path, base);
    else yield skip("neither a file nor a folder");
  }
}

async function sized(path: string, base: string): Promise<Found> {
  try {
    return toFound(path, { base, size: (await Deno.stat(path)).size, named: false });
  } catch (error) {
    return { skipped: { path, reason: reasonOf(error) } };
  }
}

/** A file that was named itself is text unless its name says otherwise; in a folder a name that says nothing is no document. */
function toFound(path: string, { base, size, named }: { readonly base: string; readonly size: number; readonly named: boolean }): Found {
  const extension = extname(path).toLowerCase();
  const mediaType = MEDIA_TYPES[extension] ?? (named ? "text/plain" : undefined);
  const skip = (reason: string): Found => ({ skipped: { path, reason } });
  if (mediaType === undefined) return skip(extension === "" ? "no type in its name" : `no type that can be searched (${extension})`);
  if (size === 0) return skip("empty");
  if (size > MAX_BYTES) return skip(`${size} bytes, more than ${MAX_BYTES}`);
  const documentId = relative(base, path).replaceAll(sep, "/") || basename(path);
  if (new TextEncoder().encode(documentId).length > MAX_ID_BYTES) return skip(`its path is longer than ${MAX_ID_BYTES} bytes`);
  return { file: { path, documentId, mediaType, bytes: size } };
}

/** Why a file cannot be read, in a few words. */
export function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "gone";
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) return "may not be read";
  return error instanceof Error ? error.message : String(error);
}
