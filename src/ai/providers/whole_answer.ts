const EVENTS = "text/event-stream";
const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\b/i;

/** A call of a tool as a whole answer has it; in a stream each names its place. */
interface Choice {
  readonly message?: { readonly tool_calls?: readonly object[] };
}

/**
 * An answer as a stream of events, also where a server has sent it whole, as some do whatever they are asked for. What is no answer stays as it is, for
 * whoever reads the stream to find out.
 */
export async function asEvents(response: Response): Promise<Response> {
  if (!response.ok || !JSON_TYPE.test(response.headers.get("content-type") ?? "")) return response;
  const text = await response.text();
  const headers = new Headers(response.headers);
  headers.set("content-type", EVENTS);
  headers.delete("content-length");
  const { status, statusText } = response;
  return new Response(`data: ${eventOf(text)}\n\ndata: [DONE]\n\n`, { status, statusText, headers });
}

function eventOf(text: string): string {
  try {
    const whole: unknown = JSON.parse(text);
    if (typeof whole !== "object" || whole === null || !("choices" in whole) || !Array.isArray(whole.choices)) return JSON.stringify(whole);
    return JSON.stringify({ ...whole, choices: whole.choices.map(asDelta) });
  } catch {
    // One line, so that it is one event, of which the reader says that it is no JSON.
    return text.replaceAll(/\s+/g, " ");
  }
}

function asDelta(choice: Choice): object {
  const { message, ...rest } = choice;
  const calls = message?.tool_calls?.map((call, index) => ({ index, ...call }));
  return { ...rest, delta: { ...message, ...(calls === undefined ? {} : { tool_calls: calls }) } };
}
