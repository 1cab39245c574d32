/** A collection to search, with what people judged to be relevant. */
export interface Judged {
  readonly name: string;
  readonly documents: readonly { readonly documentId: string; readonly title: string; readonly content: string }[];
  readonly questions: readonly Question[];
  /** How the judgements were read. */
  readonly protocol: string;
}

/** A question and the gain of each relevant document. */
export interface Question {
  readonly text: string;
  readonly gains: ReadonlyMap<string, number>;
}

/** Reads the Cranfield collection: `cran.all.1400`, `cran.qry` and `cranqrel` in SMART format. */
export async function readCranfield(dir: string): Promise<Judged> {
  const [all, queries, judgements] = await Promise.all(
    ["cran.all.1400", "cran.qry", "cranqrel"].map((name) => Deno.readTextFile(`${dir}/${name}`)),
  );
  const documents = records(all!).map(({ id, fields }) => {
    const [title, body] = [plain(fields["T"]), plain(fields["W"])];
    // The text begins with a copy of the title.
    return { documentId: id, title, content: (body.startsWith(title) ? body.slice(title.length).trim() : body) || title || "(empty)" };
  });
  // Judgements name questions by their place, not by their number.
  const gains = records(queries!).map(() => new Map<string, number>());
  for (const line of judgements!.split(/\r?\n/)) {
    const [question, document, code] = line.trim().split(/\s+/).map(Number);
    if (code !== undefined && code >= 1 && code <= 4) gains[question! - 1]?.set(String(document), 5 - code);
  }
  return {
    name: "Cranfield",
    documents,
    questions: records(queries!).map(({ fields }, index) => ({ text: plain(fields["W"]), gains: gains[index]! })),
    protocol: "A: codes 1 to 4 are relevant, gain 5 - code; -1 is not",
  };
}

function records(text: string): readonly { readonly id: string; readonly fields: Readonly<Record<string, string>> }[] {
  return text.replaceAll("\r", "").split(/^\.I\s+/m).slice(1).map((record) => {
    const [id, ...parts] = record.split(/^\.([A-Z])\s*$/m);
    const fields: Record<string, string> = {};
    for (let at = 0; at + 1 < parts.length; at += 2) fields[parts[at]!] = parts[at + 1]!;
    return { id: String(Number(id)), fields };
  });
}

function plain(text = ""): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
