/**
 * Looks into folders that plugins write to, whatever they do to them meanwhile.
 *
 * @module
 */

/**
 * What is in a folder; what goes while it is looked at is left out. A plugin may close its folders to everybody, itself and the server: they are opened
 * again, because what is in them counts, and goes with the plugin.
 */
export async function* entriesOf(folder: string): AsyncGenerator<Deno.DirEntry, void> {
  for (let opened = false;;) {
    try {
      yield* Deno.readDir(folder);
      return;
    } catch (error) {
      if (isGone(error)) return;
      if (opened || !(error instanceof Deno.errors.PermissionDenied)) throw error;
      await Deno.chmod(folder, 0o700);
      opened = true;
    }
  }
}

/** Bytes of a file; 0 when it has gone. */
export async function bytesOf(path: string): Promise<number> {
  try {
    return (await Deno.lstat(path)).size;
  } catch (error) {
    if (isGone(error)) return 0;
    throw error;
  }
}

/** Removes a folder with all that is in it. */
export async function removeFolder(folder: string): Promise<void> {
  try {
    await Deno.remove(folder, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    await openAll(folder);
    await Deno.remove(folder, { recursive: true });
  }
}

/** Makes everything in a folder such that it can be removed. */
async function openAll(folder: string): Promise<void> {
  await Deno.chmod(folder, 0o700);
  for await (const { name, isDirectory } of entriesOf(folder)) if (isDirectory) await openAll(`${folder}/${name}`);
}

function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}
