import { ApiError, signedOut } from "./api.ts";

/** `chat.IndexResponse`, as far as it is shown. */
export interface Indexed {
  readonly chunks_indexed: number;
  readonly unchanged: boolean;
}

const TYPES: Readonly<Record<string, string>> = {
  txt: "text/plain",
  md: "text/markdown",
  markdown: "text/markdown",
  html: "text/html",
  htm: "text/html",
  pdf: "application/pdf",
};

/** What the server takes the file for, by its ending, because browsers do not agree on Markdown; undefined: it cannot be indexed. */
export function mediaTypeOf({ name, type }: File): string | undefined {
  return TYPES[name.split(".").at(-1)?.toLowerCase() ?? ""] ?? Object.values(TYPES).find((known) => known === type);
}

/**
 * Stores a file as the document of its name; `progress` is told the part that was sent, 0 to 1. By XMLHttpRequest, because `fetch` does not tell how
 * much of a body is gone.
 */
export function upload(file: File, signal: AbortSignal, progress: (sent: number) => void): Promise<Indexed> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", `/v1/documents/${encodeURIComponent(file.name)}`);
    request.setRequestHeader("content-type", mediaTypeOf(file) ?? "text/plain");
    request.responseType = "json";
    request.upload.addEventListener("progress", ({ loaded, total }) => progress(total === 0 ? 1 : loaded / total));
    request.addEventListener("error", () => reject(new ApiError(0, {})));
    request.addEventListener("abort", () => reject(new ApiError(0, { detail: "It was given up" })));
    request.addEventListener("load", () => {
      if (request.status === 401) signedOut.listener();
      if (request.status >= 200 && request.status < 300) resolve(request.response);
      else reject(new ApiError(request.status, request.response ?? {}));
    });
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(file);
  });
}
