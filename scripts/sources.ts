import type { SourceFile } from "./layers.ts";

const ROOT = new URL("../", import.meta.url);

/** Every TypeScript file of the project, by path. */
export function sources(): readonly SourceFile[] {
  return ["src", "scripts", "tests"].flatMap((folder) => [...walk(folder)]).sort((a, b) => a.path < b.path ? -1 : 1);
}

function* walk(folder: string): Generator<SourceFile> {
  for (const entry of Deno.readDirSync(new URL(`${folder}/`, ROOT))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* walk(path);
    else if (entry.name.endsWith(".ts")) yield { path, text: Deno.readTextFileSync(new URL(path, ROOT)) };
  }
}
