/**
 * JSON Schemas of actions. Plugins bring their own, so they are neither turned into code nor matched without an end: each check has a number of steps
 * and then gives up. Of JSON Schema 2020-12 it takes the keywords below; `pattern` is refused, because one expression can keep a processor for years.
 *
 * @module
 */
import { invalidField } from "../../core/errors.ts";
import { isObject, parseJson, shown } from "./json_fields.ts";

/** A schema that was looked through. */
export interface JsonSchema {
  /** What is wrong with a value first, with the place in it (such as `.items[2]`); undefined: nothing. */
  problem(value: unknown): SchemaProblem | undefined;
}

/** Where a value is not as its schema says, and how it should be. */
export interface SchemaProblem {
  readonly at: string;
  readonly text: string;
}

const MAX_DEPTH = 64;
const MAX_NODES = 2_000;
const MAX_STEPS = 200_000;
/** Texts count by their length too. */
const UNITS_PER_STEP = 64;
const TYPES = ["null", "boolean", "object", "array", "number", "integer", "string"];
const WORDS = ["$schema", "$comment", "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "format"];
const COUNTS = ["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"];
const NUMBERS = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];
const SCHEMAS = ["additionalProperties", "propertyNames", "items", "contains", "not", "if", "then", "else"];
const SCHEMA_LISTS = ["allOf", "anyOf", "oneOf", "prefixItems"];
const SCHEMA_MAPS = ["properties", "$defs"];

type Node = boolean | Readonly<Record<string, unknown>>;

/** Reads a schema; empty: anything goes. Throws `invalid_argument` that names the place in it. */
export function readSchema(field: string, json: string): JsonSchema {
  if (json === "") return { problem: () => undefined };
  const root = parseJson(field, json, MAX_DEPTH);
  const definitions = isObject(root) && isObject(root["$defs"]) ? root["$defs"] : {};
  new Reading(definitions).node(field, root);
  return {
    problem: (value) => {
      try {
        return new Check(root as Node, definitions).problem(root as Node, value, "");
      } catch (error) {
        if (error instanceof TooMuch) {
          return { at: "", text: "must be checkable within bounds, got a value that takes more steps than that" };
        }
        throw error;
      }
    },
  };
}

/** Looks through a schema once, so that checks may trust it. */
class Reading {
  readonly #definitions: Readonly<Record<string, unknown>>;
  #nodes = 0;

  constructor(definitions: Readonly<Record<string, unknown>>) {
    this.#definitions = definitions;
  }

  node(path: string, value: unknown): void {
    if (++this.#nodes > MAX_NODES) throw invalidField(path, `must be one of at most ${MAX_NODES} schemas, got more`);
    if (typeof value === "boolean") return;
    if (!isObject(value)) throw invalidField(path, `must be a JSON Schema, got ${shown(value)}`);
    for (const [keyword, argument] of Object.entries(value)) this.#keyword(`${path}.${keyword}`, keyword, argument);
  }

  #keyword(path: string, keyword: string, argument: unknown): void {
    if (WORDS.includes(keyword) || keyword === "const") return;
    if (SCHEMAS.includes(keyword)) return this.node(path, argument);
    if (SCHEMA_LISTS.includes(keyword)) return list(path, argument).forEach((item, index) => this.node(`${path}[${index}]`, item));
    if (SCHEMA_MAPS.includes(keyword)) return this.#map(path, argument);
    if (COUNTS.includes(keyword)) return check(path, Number.isInteger(argument) && Number(argument) >= 0, "a count", argument);
    if (NUMBERS.includes(keyword)) return check(path, typeof argument === "number", "a number", argument);
    switch (keyword) {
      case "multipleOf":
        return check(path, typeof argument === "number" && argument > 0, "a number above 0", argument);
      case "uniqueItems":
        return check(path, typeof argument === "boolean", "true or false", argument);
      case "enum":
        return void list(path, argument);
      case "required":
        return list(path, argument).forEach((item) => check(path, typeof item === "string", "a list of names", item));
      case "type":
        return [argument].flat().forEach((item) => check(path, TYPES.includes(item as string), `among ${TYPES.join(", ")}`, item));
      case "$ref":
        return check(path, this.#leadsTo(argument), "# or #/$defs/NAME of a definition that is there", argument);
      default:
        throw invalidField(path, `must not be there: the keyword ${shown(keyword)} is not taken, because ${whyNot(keyword)}`);
    }
  }

  #map(path: string, argument: unknown): void {
    if (!isObject(argument)) throw invalidField(path, `must be an object of schemas, got ${shown(argument)}`);
    for (const [name, item] of Object.entries(argument)) this.node(`${path}.${name.slice(0, 64)}`, item);
  }

  #leadsTo(reference: unknown): boolean {
    return reference === "#" || (typeof reference === "string" && Object.hasOwn(this.#definitions, definitionName(reference)));
  }
}

function whyNot(keyword: string): string {
  return /^pattern/.test(keyword) ? "a regular expression may take without end" : "nothing would hold values to it";
}

function definitionName(reference: string): string {
  return reference.startsWith("#/$defs/") ? reference.slice(8).replaceAll("~1", "/").replaceAll("~0", "~") : "";
}

function check(path: string, holds: boolean, wanted: string, found: unknown): void {
  if (!holds) throw invalidField(path, `must be ${wanted}, got ${shown(found)}`);
}

function list(path: string, argument: unknown): readonly unknown[] {
  if (!Array.isArray(argument)) throw invalidField(path, `must be a list, got ${shown(argument)}`);
  return argument;
}

class TooMuch extends Error {}

/** Holds one value to a schema. */
class Check {
  readonly #root: Node;
  readonly #definitions: Readonly<Record<string, unknown>>;
  #steps = 0;
  #depth = 0;

  constructor(root: Node, definitions: Readonly<Record<string, unknown>>) {
    this.#root = root;
    this.#definitions = definitions;
  }

  problem(node: Node, value: unknown, at: string): SchemaProblem | undefined {
    if (node === true) return undefined;
    if (node === false) return { at, text: `must not be there, got ${shown(value)}` };
    this.#spend(1 + (typeof value === "string" ? value.length / UNITS_PER_STEP : 0));
    if (++this.#depth > 4 * MAX_DEPTH) throw new TooMuch();
    try {
      return this.#shape(node, value, at) ?? this.#size(node, value, at) ?? this.#parts(node, value, at) ?? this.#together(node, value, at);
    } finally {
      this.#depth--;
    }
  }

  #spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > MAX_STEPS) throw new TooMuch();
  }

  #shape(node: Exclude<Node, boolean>, value: unknown, at: string): SchemaProblem | undefined {
    const { type } = node;
    if (type !== undefined && ![type].flat().some((one) => isOfType(value, one as string))) {
      return { at, text: `must be ${[type].flat().join(" or ")}, got ${shown(value)}` };
    }
    if (Array.isArray(node["enum"]) && !node["enum"].some((one) => this.#equal(one, value))) {
      return { at, text: `must be among ${shown(node["enum"])}, got ${shown(value)}` };
    }
    if (Object.hasOwn(node, "const") && !this.#equal(node["const"], value)) {
      return { at, text: `must be ${shown(node["const"])}, got ${shown(value)}` };
    }
    return undefined;
  }

  #size(node: Exclude<Node, boolean>, value: unknown, at: string): SchemaProblem | undefined {
    const wrong = (keyword: string, count: number, what: string) => ({
      at,
      text: `must have ${keyword} ${node[keyword]} ${what}, got ${count}`,
    });
    const bounded = (minimum: string, maximum: string, what: string, count: () => number) => {
      if (node[minimum] === undefined && node[maximum] === undefined) return undefined;
      const found = count();
      if (found < Number(node[minimum] ?? 0)) return wrong(minimum, found, what);
      return found > Number(node[maximum] ?? Infinity) ? wrong(maximum, found, what) : undefined;
    };
    if (typeof value === "string") return bounded("minLength", "maxLength", "characters", () => [...value].length);
    if (Array.isArray(value)) return bounded("minItems", "maxItems", "items", () => value.length) ?? this.#unique(node, value, at);
    if (isObject(value)) return bounded("minProperties", "maxProperties", "fields", () => Object.keys(value).length);
    return typeof value === "number" ? numberProblem(node, value, at) : undefined;
  }

  #unique(node: Exclude<Node, boolean>, value: readonly unknown[], at: string): SchemaProblem | undefined {
    if (node["uniqueItems"] !== true) return undefined;
    const twice = value.findIndex((item, index) => value.slice(0, index).some((other) => this.#equal(item, other)));
    return twice < 0 ? undefined : { at: `${at}[${twice}]`, text: `must be there once, got ${shown(value[twice])} again` };
  }

  #parts(node: Exclude<Node, boolean>, value: unknown, at: string): SchemaProblem | undefined {
    if (Array.isArray(value)) return this.#items(node, value, at);
    return isObject(value) ? this.#fields(node, value, at) : undefined;
  }

  #items(node: Exclude<Node, boolean>, value: readonly unknown[], at: string): SchemaProblem | undefined {
    const first = (node["prefixItems"] ?? []) as readonly Node[];
    for (const [index, item] of value.entries()) {
      const schema = first[index] ?? node["items"];
      const problem = schema === undefined ? undefined : this.problem(schema as Node, item, `${at}[${index}]`);
      if (problem !== undefined) return problem;
    }
    const contained = node["contains"] as Node | undefined;
    if (contained === undefined || value.some((item) => this.problem(contained, item, at) === undefined)) return undefined;
    return { at, text: `must have an item as \`contains\` says, got ${shown(value)}` };
  }

  #fields(node: Exclude<Node, boolean>, value: Readonly<Record<string, unknown>>, at: string): SchemaProblem | undefined {
    const missing = ((node["required"] ?? []) as readonly string[]).find((name) => !Object.hasOwn(value, name));
    if (missing !== undefined) return { at: `${at}.${missing}`, text: "must be there, got nothing" };
    const known = (node["properties"] ?? {}) as Readonly<Record<string, Node>>;
    for (const [name, item] of Object.entries(value)) {
      const schema = Object.hasOwn(known, name) ? known[name] : node["additionalProperties"] as Node | undefined;
      const names = node["propertyNames"] as Node | undefined;
      const place = `${at}.${name.slice(0, 64)}`;
      const problem = (names === undefined ? undefined : this.problem(names, name, place)) ??
        (schema === undefined ? undefined : this.problem(schema, item, place));
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  #together(node: Exclude<Node, boolean>, value: unknown, at: string): SchemaProblem | undefined {
    const holds = (schema: unknown) => this.problem(schema as Node, value, at) === undefined;
    const list = (keyword: string) => node[keyword] as readonly Node[] | undefined;
    if (node["$ref"] !== undefined) {
      const problem = this.problem(this.#target(node["$ref"] as string), value, at);
      if (problem !== undefined) return problem;
    }
    for (const schema of list("allOf") ?? []) {
      const problem = this.problem(schema, value, at);
      if (problem !== undefined) return problem;
    }
    if (list("anyOf")?.some(holds) === false) return { at, text: `must be as one of \`anyOf\` says, got ${shown(value)}` };
    const one = list("oneOf")?.filter(holds).length ?? 1;
    if (one !== 1) return { at, text: `must be as exactly one of \`oneOf\` says, got ${shown(value)}, which ${one} allow` };
    if (node["not"] !== undefined && holds(node["not"])) return { at, text: `must not be as \`not\` says, got ${shown(value)}` };
    const next = node["if"] === undefined ? undefined : holds(node["if"]) ? node["then"] : node["else"];
    return next === undefined ? undefined : this.problem(next as Node, value, at);
  }

  #target(reference: string): Node {
    return reference === "#" ? this.#root : this.#definitions[definitionName(reference)] as Node;
  }

  #equal(one: unknown, other: unknown): boolean {
    this.#spend(1 + (typeof one === "string" ? one.length / UNITS_PER_STEP : 0));
    if (Array.isArray(one)) {
      return Array.isArray(other) && one.length === other.length && one.every((item, index) => this.#equal(item, other[index]));
    }
    if (!isObject(one)) return one === other;
    if (!isObject(other)) return false;
    const names = Object.keys(one);
    return names.length === Object.keys(other).length &&
      names.every((name) => Object.hasOwn(other, name) && this.#equal(one[name], other[name]));
  }
}

function isOfType(value: unknown, type: string): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return isObject(value);
  if (type === "integer") return Number.isInteger(value);
  // deno-lint-ignore valid-typeof -- the other three are what JavaScript calls them
  return typeof value === type;
}

function numberProblem(node: Exclude<Node, boolean>, value: number, at: string): SchemaProblem | undefined {
  const number = (keyword: string) => node[keyword] as number | undefined;
  const step = number("multipleOf");
  const wrong = [
    [value < (number("minimum") ?? -Infinity), "minimum"],
    [value > (number("maximum") ?? Infinity), "maximum"],
    [value <= (number("exclusiveMinimum") ?? -Infinity), "exclusiveMinimum"],
    [value >= (number("exclusiveMaximum") ?? Infinity), "exclusiveMaximum"],
    [step !== undefined && Math.abs(value / step - Math.round(value / step)) > 1e-9, "multipleOf"],
  ].find(([isWrong]) => isWrong);
  return wrong === undefined ? undefined : { at, text: `must keep to ${wrong[1]} ${node[wrong[1] as string]}, got ${value}` };
}
