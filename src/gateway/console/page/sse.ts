/** One server-sent event. */
export interface ServerEvent {
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

/**
 * The events of a body, as they come; an event without data tells only its `id`, which heartbeats carry. A `fetch` is read rather than an
 * `EventSource`, because that hides the status of a refusal, and heartbeats, by which a dead connection is known.
 */
export async function* serverEvents(body: ReadableStream<Uint8Array>, idleMs: number): AsyncGenerator<ServerEvent> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await withinIdle(reader.read(), idleMs);
      if (done) return;
      const frames = (rest + value.replaceAll("\r\n", "\n")).split("\n\n");
      rest = frames.pop() ?? "";
      for (const frame of frames) yield parsed(frame);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function parsed(frame: string): ServerEvent {
  const data: string[] = [];
  let event = "message";
  let id = "";
  for (const line of frame.split("\n")) {
    const [, name, value = ""] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (name === "data") data.push(value);
    else if (name === "event") event = value;
    else if (name === "id") id = value;
  }
  return { event, id, data: data.join("\n") };
}

async function withinIdle<T>(reading: Promise<T>, idleMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => timer = setTimeout(() => reject(new Error("The stream fell silent")), idleMs));
  try {
    return await Promise.race([reading, silence]);
  } finally {
    clearTimeout(timer);
  }
}
