import { type Expression, type RawBuilder, sql, type SqlBool } from "kysely";
import { type Comparison, DECIMAL, type Filter } from "../core/filter.ts";

const SIGNS: Readonly<Record<Exclude<Comparison, "ne">, string>> = { eq: "=", gt: ">", lt: "<", ge: ">=", le: "<=" };

/**
 * A filter as a condition on a jsonb column of texts; never null, so that `not` means the opposite. Says the same as `matches` in
 * `core/filter.ts`.
 */
export function metadataCondition(filter: Filter, column: Expression<unknown>): RawBuilder<SqlBool> {
  switch (filter.kind) {
    case "compare":
      return filter.comparison === "ne"
        ? sql<SqlBool>`not ${comparison("eq", filter.key, filter.value, column)}`
        : comparison(filter.comparison, filter.key, filter.value, column);
    case "in":
      return joined("or", filter.values.map((value) => comparison("eq", filter.key, value, column)));
    case "exists":
      return sql<SqlBool>`(${column} ? ${filter.key}::text)`;
    case "and":
    case "or":
      return joined(filter.kind, filter.parts.map((part) => metadataCondition(part, column)));
    case "not":
      return sql<SqlBool>`not ${metadataCondition(filter.part, column)}`;
  }
}

function joined(word: "and" | "or", parts: readonly RawBuilder<SqlBool>[]): RawBuilder<SqlBool> {
  return sql<SqlBool>`(${sql.join(parts, sql.raw(` ${word} `))})`;
}

function comparison(
  kind: Exclude<Comparison, "ne">,
  key: string,
  value: string | number,
  column: Expression<unknown>,
): RawBuilder<SqlBool> {
  const sign = sql.raw(SIGNS[kind]);
  const found = sql`(${column} ->> ${key}::text)`;
  if (typeof value === "string") return sql<SqlBool>`coalesce(${found} collate "C" ${sign} ${value}::text, false)`;
  // "case" keeps Postgres from casting what is no number.
  return sql<SqlBool>`coalesce(case when ${found} ~ ${DECIMAL} then ${found}::float8 ${sign} ${value}::float8 end, false)`;
}
