/** The resident memory of another process of this machine, in MiB. By `cat`, because Deno itself opens /proc only to a process that may do everything. */
export async function residentMib(pid: number): Promise<number> {
  const { stdout } = await new Deno.Command("cat", { args: [`/proc/${pid}/status`] }).output();
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(new TextDecoder().decode(stdout))?.[1];
  if (kib === undefined) throw new Error(`Process ${pid} does not say how much memory it has`);
  return Math.round(Number(kib) / 1024);
}
