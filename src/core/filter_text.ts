import type { Comparison, Filter } from "./filter_types.ts";

interface Lexeme {
  readonly type: "word" | "string" | "number" | "sign";
  readonly text: string;
  readonly at: number;
}

const LEXEME =
  /\s*(?:(?<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<number>-?\d+(?:\.\d+)?(?![\p{L}\p{N}_.-]))|(?<word>[\p{L}\p{N}_][\p{L}\p{N}\p{M}_.-]*)|(?<sign><=|>=|!=|<>|[=<>(),]))/suy;
const SIGNS: Readonly<Record<string, Comparison>> = { "=": "eq", "!=": "ne", "<>": "ne", ">": "gt", "<": "lt", ">=": "ge", "<=": "le" };
const RESERVED = /^(and|or|not|in|exists)$/i;
/** Parentheses and `not` within each other. */
const MAX_DEPTH = 32;

/** Reads the text form. Throws `SyntaxError` whose message goes on after "Field `filter` …". */
export function parseFilterText(text: string): Filter {
  return new Parser(text).whole();
}

/** Recursive descent: `or` over `and` over `not` over one condition. */
class Parser {
  readonly #lexemes: readonly Lexeme[];
  readonly #end: number;
  #next = 0;
  #depth = 0;

  constructor(text: string) {
    this.#lexemes = lexemes(text);
    this.#end = text.length;
  }

  whole(): Filter {
    const filter = this.#any();
    if (this.#peek() !== undefined) throw this.#expected("and, or, or the end");
    return filter;
  }

  #any(): Filter {
    if (++this.#depth > MAX_DEPTH) throw new SyntaxError(`must be at most ${MAX_DEPTH} levels deep`);
    const filter = this.#joined("or", () => this.#joined("and", () => this.#one()));
    this.#depth--;
    return filter;
  }

  #joined(kind: "and" | "or", part: () => Filter): Filter {
    const parts = [part()];
    while (this.#takeWord(kind)) parts.push(part());
    return parts.length === 1 ? parts[0]! : { kind, parts };
  }

  #one(): Filter {
    if (this.#takeWord("not")) {
      if (++this.#depth > MAX_DEPTH) throw new SyntaxError(`must be at most ${MAX_DEPTH} levels deep`);
      const part = this.#one();
      this.#depth--;
      return { kind: "not", part };
    }
    if (this.#takeSign("(")) return this.#closed(this.#any());
    if (this.#takeWord("exists")) {
      if (!this.#takeSign("(")) throw this.#expected("(");
      return this.#closed<Filter>({ kind: "exists", key: this.#key() });
    }
    return this.#condition(this.#key());
  }

  #condition(key: string): Filter {
    if (this.#takeWord("in")) return { kind: "in", key, values: this.#list() };
    if (this.#takeWord("not")) {
      if (!this.#takeWord("in")) throw this.#expected("in");
      return { kind: "not", part: { kind: "in", key, values: this.#list() } };
    }
    const sign = this.#peek();
    const comparison = sign?.type === "sign" ? SIGNS[sign.text] : undefined;
    if (comparison === undefined) throw this.#expected("=, !=, <, <=, >, >= or in");
    this.#next++;
    return { kind: "compare", comparison, key, value: this.#value() };
  }

  #list(): (string | number)[] {
    if (!this.#takeSign("(")) throw this.#expected("(");
    const values = [this.#value()];
    while (this.#takeSign(",")) values.push(this.#value());
    return this.#closed(values);
  }

  #closed<T>(inside: T): T {
    if (!this.#takeSign(")")) throw this.#expected(")");
    return inside;
  }

  #key(): string {
    const lexeme = this.#peek();
    const isKey = lexeme?.type === "string" || (lexeme?.type === "word" && !RESERVED.test(lexeme.text));
    if (lexeme === undefined || !isKey) throw this.#expected("a key");
    this.#next++;
    return lexeme.text;
  }

  #value(): string | number {
    const lexeme = this.#peek();
    if (lexeme?.type === "string") return this.#next++, lexeme.text;
    if (lexeme?.type === "number") return this.#next++, Number(lexeme.text);
    if (lexeme?.type === "word" && /^(true|false)$/i.test(lexeme.text)) return this.#next++, lexeme.text.toLowerCase();
    throw this.#expected("a string in quotes or a number");
  }

  #takeWord(word: string): boolean {
    const lexeme = this.#peek();
    if (lexeme?.type !== "word" || lexeme.text.toLowerCase() !== word) return false;
    this.#next++;
    return true;
  }

  #takeSign(sign: string): boolean {
    const lexeme = this.#peek();
    if (lexeme?.type !== "sign" || lexeme.text !== sign) return false;
    this.#next++;
    return true;
  }

  #peek(): Lexeme | undefined {
    return this.#lexemes[this.#next];
  }

  #expected(what: string): SyntaxError {
    const lexeme = this.#peek();
    const found = lexeme === undefined ? "its end" : JSON.stringify(lexeme.text.slice(0, 40).toWellFormed());
    return new SyntaxError(`must have ${what} at character ${lexeme?.at ?? this.#end}, got ${found}`);
  }
}

function lexemes(text: string): readonly Lexeme[] {
  const found: Lexeme[] = [];
  const rest = text.trimEnd();
  LEXEME.lastIndex = 0;
  while (LEXEME.lastIndex < rest.length) {
    const from = LEXEME.lastIndex;
    const groups = LEXEME.exec(rest)?.groups;
    if (groups === undefined) {
      const at = from + (/^\s*/.exec(rest.slice(from))?.[0].length ?? 0);
      throw new SyntaxError(
        `must have a key, a value or an operator at character ${at}, got ${JSON.stringify(rest.slice(at, at + 20).toWellFormed())}`,
      );
    }
    const { string, number, word, sign } = groups;
    const at = LEXEME.lastIndex - (string ?? number ?? word ?? sign ?? "").length;
    if (string !== undefined) found.push({ type: "string", text: string.slice(1, -1).replaceAll(/\\(.)/gs, "$1"), at });
    else if (number !== undefined) found.push({ type: "number", text: number, at });
    else if (word !== undefined) found.push({ type: "word", text: word, at });
    else found.push({ type: "sign", text: sign ?? "", at });
  }
  return found;
}
