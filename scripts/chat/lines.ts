/** The lines of a stream of UTF-8, without their ends; stops quietly when the signal aborts. */
export async function* lines(input: ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<string> {
  const reader = input.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader();
  const stop = () => void reader.cancel();
  signal.addEventListener("abort", stop);
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const parts = (rest + value).split(/\r?\n/);
      rest = parts.pop() ?? "";
      yield* parts;
    }
    if (rest !== "" && !signal.aborted) yield rest;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Writes one line to the standard output before it returns, and throws `BrokenPipe` when nobody reads it, which `console.log` hides. */
export function printLine(line: string): void {
  let bytes = new TextEncoder().encode(`${line}\n`);
  while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
}
