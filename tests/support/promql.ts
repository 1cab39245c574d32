const KEYWORDS = new Set(["by", "without", "and", "or", "unless", "on", "ignoring", "offset", "bool"]);

/** The metrics that a PromQL expression reads. */
export function metricsOf(expression: string): readonly string[] {
  const bare = expression.replace(/"(?:[^"\\]|\\.)*"/g, "").replace(/\{[^}]*\}|\[[^\]]*\]/g, "").replace(
    /\b(by|without|on|ignoring)\s*\([^)]*\)/g,
    "",
  );
  const names = [...bare.matchAll(/(?<![\w.])[a-zA-Z_:][\w:]*\b(?!\s*\()/g)].map(([name]) => name);
  return names.filter((name) => !KEYWORDS.has(name));
}
