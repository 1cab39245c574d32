import type { SourceFile } from "./layers.ts";

const EXPORT = /^export (?:default )?(?:declare )?(?:abstract )?(?:async )?(?:const|let|function\*?|class|interface|type|enum) (\w+)/;

/** The exports of `src` that have no docstring, as sentences; generated files and re-exports are left out. */
export function docProblems(files: readonly SourceFile[]): readonly string[] {
  return files.filter((file) => file.path.startsWith("src/") && !file.path.includes("/generated/")).flatMap((file) => {
    const lines = file.text.split("\n");
    const documented = new Set<string>();
    return lines.flatMap((line, index) => {
      const name = EXPORT.exec(line)?.[1];
      if (name === undefined) return [];
      const above = lines.slice(0, index).findLast((text) => !/^\/\/ deno-lint-ignore/.test(text)) ?? "";
      if (above.trimEnd().endsWith("*/")) documented.add(name);
      return documented.has(name) ? [] : [`${file.path}:${index + 1}: ${name} is exported without a docstring`];
    });
  });
}

/** Files longer than `maxLines`, as sentences; generated files are left out. */
export function lengthWarnings(files: readonly SourceFile[], maxLines = 300): readonly string[] {
  return files.filter((file) => !file.path.includes("/generated/")).flatMap((file) => {
    const lines = file.text.split("\n").length - 1;
    return lines > maxLines ? [`${file.path} has ${lines} lines: is it still one thing?`] : [];
  });
}
