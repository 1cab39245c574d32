/**
 * Reads Postgres' text form of a one-dimensional array, `{1,2}` or `{"a","b\"c",NULL}`; `parse` is not asked about NULL.
 */
export function parseArray<T>(text: string, parse: (element: string) => T): (T | null)[] {
  const values: (T | null)[] = [];
  for (const [, quoted, plain] of text.slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|([^,]+)/gs)) {
    if (quoted !== undefined) values.push(parse(quoted.replaceAll(/\\(.)/gs, "$1")));
    else values.push(plain === "NULL" ? null : parse(plain!));
  }
  return values;
}
