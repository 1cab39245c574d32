/** The value of `--name value` on the command line, else `fallback`. */
export function option(name: string, fallback: string): string {
  const at = Deno.args.indexOf(`--${name}`);
  return at < 0 ? fallback : Deno.args[at + 1] ?? fallback;
}

/** Whether `--name` stands on the command line. */
export function isSet(name: string): boolean {
  return Deno.args.includes(`--${name}`);
}
