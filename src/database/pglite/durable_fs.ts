import { NodeFS } from "@electric-sql/pglite/nodefs";
import fs from "node:fs";
import path from "node:path";

type Amend = NodeFS["init"];
type EmscriptenOptions = Parameters<Amend>[1];

/** The part of Emscripten's NODEFS that is touched here; it has no types of its own. */
interface NodeFsBackend {
  realPath(node: unknown): string;
  readonly stream_ops: { fsync?: (stream: Stream) => number };
}

interface Stream {
  readonly node: unknown;
  /** The real file's descriptor; unset for a directory. */
  readonly nfd?: number;
}

/** Emscripten's errno of an input/output error; Postgres stops when it gets one from fsync, as it must. */
const EIO = 29;

/**
 * PGlite's NodeFS with the fsync that it lacks: as it comes, every fsync of Postgres is silently nothing, and a power failure
 * takes acknowledged rows. Needs `fsync=on` and `wal_sync_method=fsync` (the file system has no other way that reaches the disk).
 */
export class DurableNodeFS extends NodeFS {
  #mount: { opts: { root: string } } | undefined;

  override async init(pg: Parameters<Amend>[0], options: EmscriptenOptions): ReturnType<Amend> {
    const amended = await super.init(pg, options);
    const preRun = amended.emscriptenOpts.preRun ?? [];
    return { emscriptenOpts: { ...amended.emscriptenOpts, preRun: [...preRun, (module) => this.#addFsync(module)] } };
  }

  /** Renames the directory under the open database, durably: what was being made becomes what is. */
  moveTo(finalDir: string): void {
    if (this.#mount === undefined) throw new Error("The file system is not mounted");
    syncTree(this.rootDir);
    fs.renameSync(this.rootDir, finalDir);
    this.rootDir = path.resolve(finalDir);
    this.#mount.opts.root = this.rootDir;
    syncPath(path.dirname(this.rootDir));
  }

  // deno-lint-ignore no-explicit-any -- Emscripten's module: NODEFS, and the mount of a node, are not in its types
  #addFsync(module: any): void {
    const backend: NodeFsBackend = module.NODEFS;
    this.#mount = module.FS.lookupPath(PGDATA).node.mount;
    backend.stream_ops.fsync = (stream) => {
      try {
        if (stream.nfd === undefined) syncPath(backend.realPath(stream.node));
        else fs.fsyncSync(stream.nfd);
        return 0;
      } catch (cause) {
        throw Object.assign(new module.FS.ErrnoError(EIO), { cause });
      }
    };
  }
}

const PGDATA = "/pglite/data";

function syncPath(target: string): void {
  const descriptor = fs.openSync(target, "r");
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

function syncTree(directory: string): void {
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    const target = path.join(directory, entry.name);
    if (entry.isDirectory()) syncTree(target);
    else syncPath(target);
  }
  syncPath(directory);
}
