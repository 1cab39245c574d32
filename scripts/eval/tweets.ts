/** A text and what people said of its mood on the average, -4 to 4. */
export interface RatedText {
  readonly text: string;
  readonly rating: number;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };

const FILE = "tweets_GroundTruth.txt";

/** Whether a folder holds them. */
export async function isTweets(dir: string): Promise<boolean> {
  return await Deno.stat(`${dir}/${FILE}`).then(() => true, () => false);
}

/** Reads the tweets that people have rated: the file of VADER's own evaluation, windows-1252, tab separated. */
export async function readTweets(dir: string): Promise<readonly RatedText[]> {
  const text = new TextDecoder("windows-1252").decode(await Deno.readFile(`${dir}/${FILE}`));
  return text.split("\n").filter((line) => line.trim() !== "").map((line) => {
    const [, rating, tweet = ""] = line.split("\t");
    return { rating: Number(rating), text: decoded(tweet.trim()) };
  });
}

function decoded(text: string): string {
  return text.replace(
    /&(?:#(\d+)|(\w+));/g,
    (whole, code?: string, name = "") => code ? String.fromCodePoint(Number(code)) : ENTITIES[name] ?? whole,
  );
}
