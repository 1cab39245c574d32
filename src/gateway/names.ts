/**
 * Between the wire's names (`after_seq`, as the protos and REST have them) and the contract's (`afterSeq`), led by the schema that declares them:
 * only what a schema names is renamed or handed on, so keys of metadata stay as they are, whatever they are called.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";

type CamelName<K> = K extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<CamelName<Tail>>}` : K;

/** A wire value under the contract's names; what is optional is absent, never undefined. */
export type Camel<T> = T extends readonly (infer U)[] ? readonly Camel<U>[]
  : T extends Uint8Array ? T
  : T extends object ? string extends keyof T ? T : { readonly [K in keyof T as CamelName<K>]: Camel<Exclude<T[K], undefined>> }
  : T;

// deno-lint-ignore no-explicit-any -- what a value is, its schema says
type Convert = (value: any) => any;
const asItIs: Convert = (value) => value;

/** Turns a value that has the schema's shape into the contract's. */
export function contractNames<S extends z.ZodType>(schema: S): (value: z.output<S>) => Camel<z.output<S>> {
  return converter(schema, (name) => ({ from: name, to: camelName(name) }));
}

/** Turns the contract's value into the schema's shape; what the schema does not name is left out. */
export function wireNames<S extends z.ZodType>(schema: S): (value: Camel<z.output<S>>) => z.output<S> {
  return converter(schema, (name) => ({ from: camelName(name), to: name }));
}

type Renaming = (name: string) => { readonly from: string; readonly to: string };

function converter(schema: unknown, renaming: Renaming): Convert {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return converter(schema.unwrap(), renaming);
  if (schema instanceof z.ZodArray) {
    const one = converter(schema.element, renaming);
    return one === asItIs ? asItIs : (values) => values.map(one);
  }
  if (!(schema instanceof z.ZodObject)) return asItIs;
  const fields = Object.entries(schema.shape).map(([name, field]) => ({ ...renaming(name), convert: converter(field, renaming) }));
  return (value) => {
    const renamed: Record<string, unknown> = {};
    for (const { from, to, convert } of fields) if (value[from] !== undefined) renamed[to] = convert(value[from]);
    return renamed;
  };
}

function camelName(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
