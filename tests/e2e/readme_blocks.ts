/** A fenced block of the README. */
export interface Block {
  /** The `##` heading it stands under. */
  readonly section: string;
  readonly language: string;
  readonly text: string;
}

/** Every fenced block, in order. */
export function blocks(markdown: string): readonly Block[] {
  const found: Block[] = [];
  let section = "";
  for (const match of markdown.matchAll(/^## (.*)$|^```(\w*)\n([\s\S]*?)^```$/gm)) {
    const [, heading, language = "", text = ""] = match;
    if (heading === undefined) found.push({ section, language, text });
    else section = heading;
  }
  return found;
}

/** The commands of a shell block, each as its words. Knows quotes and continued lines; anything else that a shell would expand is refused. */
export function commands(text: string): readonly (readonly string[])[] {
  const lines = text.replaceAll("\\\n", " ").split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"));
  return lines.map((line) => {
    const words = [...line.matchAll(/'([^']*)'|"([^"$`\\]*)"|([^\s'"$`\\|&;<>()*?]+)|(\S)/g)].map(([, single, double, plain, unknown]) => {
      if (unknown !== undefined) throw new Error(`The README's test does not know ${unknown} in: ${line}`);
      return single ?? double ?? plain ?? "";
    });
    return words;
  });
}

/** A curl command as a request; `streams` for `-N`. Options that it does not know are refused, so that the README has no untested ones. */
export function curlRequest(words: readonly string[]): { readonly request: Request; readonly streams: boolean } {
  const headers = new Headers();
  let method: string | undefined, body: string | undefined, url: string | undefined;
  let streams = false;
  const rest = words.slice(1);
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "-s" || word === "-sN") streams = word === "-sN";
    else if (word === "-X") method = rest.shift();
    else if (word === "-d") body = rest.shift();
    else if (word === "-H") setHeader(headers, rest.shift() ?? "");
    else if (word.startsWith("http:") && url === undefined) url = word;
    else throw new Error(`The README's test does not know curl's ${word}`);
  }
  if (url === undefined) throw new Error(`A curl command without an address: ${words.join(" ")}`);
  // What curl sends unless told otherwise, so that a forgotten header fails here as it would there.
  if (body !== undefined && !headers.has("content-type")) headers.set("content-type", "application/x-www-form-urlencoded");
  const init: RequestInit = { headers, method: method ?? (body === undefined ? "GET" : "POST") };
  return { request: new Request(url, body === undefined ? init : { ...init, body }), streams };
}

function setHeader(headers: Headers, header: string): void {
  const colon = header.indexOf(":");
  if (colon < 1) throw new Error(`Not a header: ${header}`);
  headers.set(header.slice(0, colon), header.slice(colon + 1).trim());
}
