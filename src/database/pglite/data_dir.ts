import { ChatError } from "../../core/errors.ts";

/** The major version of PostgreSQL inside the pinned PGlite; a directory of another one cannot be opened. */
export const PGLITE_MAJOR = 18;

/** A directory that is this process's alone until `release`. */
export interface LockedDataDir {
  /** Where PGlite's files are. */
  readonly pgliteDir: string;
  release(): void;
}

/**
 * Makes `dataDir` when missing and locks it for the life of the process: two processes in one PGlite directory corrupt it silently.
 * The lock is the kernel's, on the open file `dataDir/lock`, so it goes with its holder, however that dies, and is never stolen; what the file says
 * is only for the message. Throws `failed_precondition` when another process holds it, when the directory cannot be written, or is of another version.
 */
export function lockDataDir(dataDir: string): LockedDataDir {
  const file = openLockFile(dataDir);
  try {
    if (!file.tryLockSync(true)) throw heldError(dataDir);
    writeHolder(file);
    const pgliteDir = `${dataDir}/pglite`;
    checkVersion(pgliteDir);
    return { pgliteDir, release: () => file.close() };
  } catch (error) {
    file.close();
    throw error;
  }
}

function openLockFile(dataDir: string): Deno.FsFile {
  try {
    Deno.mkdirSync(dataDir, { recursive: true });
    return Deno.openSync(`${dataDir}/lock`, { read: true, write: true, create: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ChatError("failed_precondition", `The data directory ${dataDir} is not writable: ${reason}`, { cause });
  }
}

function writeHolder(file: Deno.FsFile): void {
  file.truncateSync(0);
  file.writeSync(new TextEncoder().encode(JSON.stringify({ pid: Deno.pid, since: new Date().toISOString() })));
}

function heldError(dataDir: string): ChatError {
  const { pid, since } = readHolder(dataDir);
  return new ChatError("failed_precondition", `The data directory ${dataDir} is held by process ${pid} since ${since}`);
}

/** The holder may be between locking and writing; then it is unknown, which is no reason to let anyone in. */
function readHolder(dataDir: string): { readonly pid: string; readonly since: string } {
  try {
    const { pid, since } = JSON.parse(Deno.readTextFileSync(`${dataDir}/lock`));
    return { pid: String(pid), since: String(since) };
  } catch {
    return { pid: "(unknown)", since: "a moment ago" };
  }
}

function checkVersion(pgliteDir: string): void {
  const version = readVersion(pgliteDir);
  if (version === undefined || version === String(PGLITE_MAJOR)) return;
  throw new ChatError(
    "failed_precondition",
    `The database in ${pgliteDir} was made by PostgreSQL ${version}, this program has PostgreSQL ${PGLITE_MAJOR}`,
  );
}

function readVersion(pgliteDir: string): string | undefined {
  try {
    return Deno.readTextFileSync(`${pgliteDir}/PG_VERSION`).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
