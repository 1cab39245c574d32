import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";

type Json = Readonly<Record<string, unknown>>;

/** Holds answers against what the OpenAPI document says of them. */
export class AnswerChecker {
  readonly #document: Json;
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: false });
  readonly #known = new Map<string, ValidateFunction>();

  constructor(document: Json) {
    this.#document = document;
    this.#ajv.addSchema({ $id: "api", ...document });
  }

  /** Throws unless the document has the route and the status, and the answer's schema, if there is one, takes `body`. */
  check(
    route: { readonly method: string; readonly path: string },
    answer: { readonly status: number; readonly type: string; readonly body: unknown },
  ) {
    const pointer = ["paths", route.path, route.method.toLowerCase(), "responses", String(answer.status)];
    const declared = pointer.reduce<unknown>((value, key) => (value as Json | undefined)?.[key], this.#document);
    const what = `${route.method} ${route.path} ${answer.status}`;
    if (declared === undefined) throw new Error(`${what} is not declared`);
    const { content } = declared as { readonly content?: Json };
    if (content === undefined) return;
    if (!(answer.type in content)) throw new Error(`${what} is not declared to be ${answer.type}`);
    const schema = `api#/${[...pointer, "content", answer.type, "schema"].map(escaped).join("/")}`;
    const validate = this.#known.get(schema) ?? this.#ajv.compile({ $ref: schema });
    this.#known.set(schema, validate);
    if (!validate(answer.body)) throw new Error(`${what}: ${this.#ajv.errorsText(validate.errors)}, got ${JSON.stringify(answer.body)}`);
  }
}

function escaped(key: string): string {
  return encodeURIComponent(key.replaceAll("~", "~0").replaceAll("/", "~1"));
}
