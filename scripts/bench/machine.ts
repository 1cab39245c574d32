/**
 * The machine the benchmarks run on: which tools it has, and what its processes use.
 *
 * @module
 */

/** Where a program lies in PATH, if anywhere. */
export function findProgram(name: string): string | undefined {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    try {
      const path = `${folder}/${name}`;
      if (Deno.statSync(path).isFile) return path;
    } catch { /* not here */ }
  }
  return undefined;
}

/** Runs a program to its end and gives what it printed; throws with what it said when it fails. */
export async function run(program: string, args: readonly string[], options: { readonly cwd?: string } = {}): Promise<string> {
  const { success, code, stdout, stderr } = await new Deno.Command(program, { args: [...args], stdin: "null", ...options }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (!success) throw new Error(`${program} ended with ${code}: ${err}${out}`.slice(0, 2_000));
  return out ?? "";
}

/** A file of /proc, which a program without every permission may not open itself. */
function procFile(path: string): string {
  return new TextDecoder().decode(new Deno.Command("cat", { args: [`/proc/${path}`], stderr: "null" }).outputSync().stdout);
}

/** Memory of a process that is its own, bytes. */
export function rssBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(procFile(`${pid}/status`));
  return Number(match?.[1]) * 1024;
}

/** Processor time that a process has used, all its threads, milliseconds. */
export function cpuMs(pid: number): number {
  const stat = procFile(`${pid}/stat`);
  // The name in parentheses may hold anything; user and system time are the 12th and 13th field after it, in hundredths of a second.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Cores, model and runtime, for the record. */
export function describeMachine(): Record<string, string | number> {
  const model = /^model name\s*:\s*(.+)$/m.exec(procFile("cpuinfo"))?.[1] ?? "unknown";
  return { cores: navigator.hardwareConcurrency, model, deno: Deno.version.deno, loadBefore: Deno.loadavg()[0] ?? NaN };
}
