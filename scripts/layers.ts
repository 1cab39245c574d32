/**
 * Who may import whom: the arrows of the design, no cycles, and the packages that have one door only.
 *
 * @module
 */

/** One import: the file it stands in and what it names, both as paths from the project's root; packages keep their bare name. */
export interface Import {
  readonly from: string;
  readonly to: string;
}

/** A file of the project with its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/**
 * The boxes of the picture and the boxes each may look into. Arrows point inward: `core` sees nothing, `grpc` and `gateway` see contracts and
 * never a service or each other, a service sees no transport, `roles` alone sees the services, and `app` puts them and the faces together.
 */
export const ARROWS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  contracts: ["core"],
  config: ["core"],
  observability: ["core"],
  wire: ["core", "contracts"],
  clients: ["core", "contracts", "wire", "observability"],
  database: ["core", "config", "observability"],
  // The Postgres bus goes to the same server by the same client.
  bus: ["core", "observability", "database"],
  message: ["core", "contracts", "database", "bus", "observability"],
  // What two services must take apart alike.
  text: [],
  rag: ["core", "contracts", "database", "observability", "text"],
  ai: ["core", "contracts", "database", "bus", "observability", "text"],
  plugin: ["core", "contracts", "database", "bus", "observability"],
  auth: ["core", "config", "database", "observability"],
  grpc: ["core", "contracts", "config", "observability", "wire"],
  gateway: ["core", "contracts", "config", "observability"],
  roles: ["core", "contracts", "config", "observability", "database", "bus", "message", "rag", "ai", "plugin", "clients", "wire"],
  app: ["core", "contracts", "config", "observability", "database", "auth", "roles", "grpc", "gateway", "wire"],
  main: ["core", "config", "observability", "app"],
};

/** Packages that only these files may import, and why. */
const DOORS: Readonly<Record<string, { readonly files: readonly RegExp[]; readonly why: string }>> = {
  "@grpc/grpc-js": {
    files: [/^src\/wire\/(grpc_js|closed_channels)\.ts$/],
    why: "so that the HTTP/2 cure is in place before the first server or channel",
  },
  "@electric-sql/pglite": { files: [/^src\/database\//, /^tests\//], why: "so that services cannot tell the databases apart" },
  "postgres": { files: [/^src\/(database|bus)\//, /^(tests|scripts)\//], why: "so that services cannot tell the databases apart" },
  "unpdf": { files: [/^src\/rag\/formats\//, /^tests\//], why: "so that a hostile PDF is read in a worker that can be ended" },
  "@hono/zod-openapi": { files: [/^src\/gateway\//, /^tests\//], why: "because only the gateway speaks HTTP" },
  "hono": { files: [/^src\/gateway\//, /^tests\//], why: "because only the gateway speaks HTTP" },
};

const STATEMENT =
  /^(?:import|export)\b[^;]*?\bfrom\s+"([^"]+)"|^import\s+"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)|\bnew URL\(\s*"(\.[^"]+\.ts)"/gm;

/** Every import of a file, static, dynamic or as a worker. */
export function importsOf(file: SourceFile): readonly Import[] {
  const code = file.text.replace(/^\s*(\/\/|\/?\*).*$/gm, "");
  return [...code.matchAll(STATEMENT)].map((match) => {
    const named = match[1] ?? match[2] ?? match[3] ?? match[4] ?? "";
    return { from: file.path, to: named.startsWith(".") ? resolve(file.path, named) : named };
  });
}

function resolve(from: string, relative: string): string {
  return new URL(relative, `file:///${from}`).pathname.slice(1);
}

/** Every broken rule, as a sentence. */
export function layerProblems(files: readonly SourceFile[]): readonly string[] {
  const imports = files.flatMap(importsOf);
  const inSrc = imports.filter((edge) => edge.from.startsWith("src/"));
  const local = inSrc.filter((edge) => edge.to.startsWith("src/"));
  return [
    ...inSrc.flatMap(arrowProblem),
    ...imports.flatMap(doorProblem),
    ...inSrc.filter((edge) => box(edge.from) === "core" && !edge.to.startsWith("src/")).map((edge) =>
      `${edge.from} is core and imports ${edge.to}`
    ),
    ...cycles(local).map((cycle) => `Files import each other in a circle: ${cycle.join(" → ")}`),
    ...cycles(local.map((edge) => ({ from: box(edge.from), to: box(edge.to) })).filter((edge) => edge.from !== edge.to))
      .map((cycle) => `Folders import each other in a circle: ${cycle.join(" → ")}`),
  ];
}

/** The box a file of `src` is in: its folder, or its own name at the top. */
function box(path: string): string {
  return (path.split("/")[1] ?? "").replace(/\.ts$/, "");
}

function arrowProblem({ from, to }: Import): string[] {
  if (/^(tests|scripts)\//.test(to)) return [`${from} imports ${to}: the program may not lean on its tests and scripts`];
  if (!to.startsWith("src/") || box(from) === box(to)) return [];
  const allowed = ARROWS[box(from)];
  if (allowed === undefined) return [`${from} is in no box of the picture: add "${box(from)}" to ARROWS in scripts/layers.ts`];
  return allowed.includes(box(to)) ? [] : [`${from} imports ${to}: ${box(from)} may only look into ${allowed.join(", ") || "nothing"}`];
}

function doorProblem({ from, to }: Import): string[] {
  const [name, door] = Object.entries(DOORS).find(([name]) => to === name || to.startsWith(`${name}/`)) ?? [];
  if (name === undefined || door === undefined || door.files.some((file) => file.test(from))) return [];
  return [`${from} imports ${to}: not its door, ${door.why}`];
}

/** One cycle for each group of nodes that reach each other, by depth-first search. */
function cycles(edges: readonly Import[]): readonly (readonly string[])[] {
  const next = Map.groupBy(edges, (edge) => edge.from);
  const state = new Map<string, "open" | "done">();
  const found: string[][] = [];
  const visit = (node: string, trail: readonly string[]) => {
    if (state.get(node) === "done") return;
    if (state.get(node) === "open") {
      found.push([...trail.slice(trail.indexOf(node)), node]);
      return;
    }
    state.set(node, "open");
    for (const edge of next.get(node) ?? []) visit(edge.to, [...trail, node]);
    state.set(node, "done");
  };
  for (const node of next.keys()) visit(node, []);
  return found;
}
