import { assertEquals } from "@std/assert";
import { docProblems } from "../../scripts/docs.ts";
import { importsOf, layerProblems } from "../../scripts/layers.ts";
import { sources } from "../../scripts/sources.ts";

Deno.test("layerProblems: the project keeps to the arrows of its design", () => {
  assertEquals(layerProblems(sources()), []);
});

Deno.test("docProblems: every export of src has a docstring", () => {
  assertEquals(docProblems(sources()), []);
});

Deno.test("importsOf finds static, multi-line, dynamic, side-effect and worker imports, and none in comments", () => {
  const text = [
    'import { a } from "./a.ts";',
    "import type {",
    "  B,",
    '} from "../b/b.ts";',
    'export * from "npm-package";',
    'import "./effect.ts";',
    'const c = await import("./c.ts");',
    'new Worker(new URL("./worker.ts", import.meta.url));',
    '// import { d } from "./d.ts";',
    ' * import { e } from "./e.ts";',
  ].join("\n");
  const found = importsOf({ path: "src/grpc/x.ts", text }).map((edge) => edge.to);
  assertEquals(found, ["src/grpc/a.ts", "src/b/b.ts", "npm-package", "src/grpc/effect.ts", "src/grpc/c.ts", "src/grpc/worker.ts"]);
});

const broken: readonly (readonly [string, Readonly<Record<string, string>>, RegExp])[] = [
  ["a transport that reaches into a service", { "src/grpc/a.ts": 'import "../message/service.ts";' }, /grpc may only look into/],
  ["the gateway that reaches into grpc", { "src/gateway/a.ts": 'import "../grpc/server.ts";' }, /gateway may only look into/],
  ["a service that speaks a transport", { "src/message/a.ts": 'import "../wire/grpc_js.ts";' }, /message may only look into/],
  ["core that imports a package", { "src/core/a.ts": 'import { z } from "zod";' }, /is core and imports zod/],
  ["grpc-js through another door", { "src/grpc/a.ts": 'import * as grpc from "@grpc/grpc-js";' }, /not its door/],
  ["the program that leans on a test", { "src/message/a.ts": 'import "../../tests/support/x.ts";' }, /may not lean/],
  ["a folder that the picture does not show", { "src/misc/a.ts": 'import "../core/errors.ts";' }, /in no box/],
  [
    "files in a circle",
    { "src/message/a.ts": 'import "./b.ts";', "src/message/b.ts": 'import "./a.ts";' },
    /circle: src\/message\/a.ts → src\/message\/b.ts/,
  ],
];
for (const [what, files, expected] of broken) {
  Deno.test(`layerProblems finds ${what}`, () => {
    const problems = layerProblems(Object.entries(files).map(([path, text]) => ({ path, text })));
    assertEquals(problems.map((problem) => expected.test(problem)), [true], problems.join("\n"));
  });
}
