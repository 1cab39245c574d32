import type { JSONWebKeySet } from "jose";
import type { KeySetSource } from "./key_set.ts";

const MAX_BYTES = 262_144;

/** A key set in a file, which is read again like one behind an address. */
export function fileSource(path: string): KeySetSource {
  return { load: async (signal) => parse(await Deno.readTextFile(path, { signal })) };
}

/** A key set behind an address. Goes nowhere else: a redirect is an error. */
export function urlSource(url: string): KeySetSource {
  return {
    load: async (signal) => {
      const response = await fetch(url, { signal, redirect: "error", headers: { accept: "application/json" } });
      if (!response.ok) {
        await response.body?.cancel();
        throw new Error(`The address of the key set answers ${response.status}`);
      }
      return parse(await bounded(response));
    },
  };
}

async function bounded(response: Response): Promise<string> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.length;
    if (bytes > MAX_BYTES) throw new Error(`The key set must be at most ${MAX_BYTES} bytes`);
    pieces.push(piece);
  }
  return await new Blob(pieces).text();
}

function parse(text: string): JSONWebKeySet {
  return JSON.parse(text) as JSONWebKeySet;
}
