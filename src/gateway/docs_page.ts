/**
 * The reference page, made from the OpenAPI document: plain HTML without a script, so it reads in any browser and under the strictest policy.
 *
 * @module
 */
import { html } from "hono/html";
import type { OpenApiDocument } from "./openapi.ts";

type Html = ReturnType<typeof html>;

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly example?: unknown;
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean; readonly schema: Schema }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>
  >;
}

interface Listed extends Operation {
  readonly method: string;
  readonly path: string;
}

/** The page's HTML, from `html` on. */
export function docsPage(document: OpenApiDocument): Html | Promise<Html> {
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods as Readonly<Record<string, Operation>>).map(([method, operation]): Listed => ({ ...operation, method, path }))
  );
  const schemas = Object.entries((document.components?.schemas ?? {}) as Readonly<Record<string, Schema>>);
  const groups = [...Map.groupBy(operations, ({ tags }) => tags[0] ?? "")];
  return html`
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <title>${document.info.title} API</title>
        <link rel="stylesheet" href="/docs/style.css">
      </head>
      <body>
        <header>
          <h1>${document.info.title} API</h1>
          <p>${document.info.description}</p>
          <p>For programs: <a href="/openapi.json">/openapi.json</a></p>
        </header>
        <nav aria-label="Routes">
          <ul>${operations.map(({ operationId, method, path }) =>
            html`<li><a href="#${operationId}"><code>${method.toUpperCase()} ${path}</code></a></li>`
          )}</ul>
        </nav>
        <main>${groups.map(([tag, listed]) => html`<h2>${tag}</h2>${listed.map(operationHtml)}`)}
    <h2>Schemas</h2>${schemas.map(([name, schema]) => schemaHtml(name, schema))}</main>
      </body>
    </html>
  `;
}

function operationHtml(operation: Listed) {
  const { operationId, method, path, summary, description, parameters = [], requestBody, responses } = operation;
  return html`<details id="${operationId}"><summary><b>${method}</b> <code>${path}</code> <span>${summary}</span></summary>
${description === undefined ? "" : html`<p>${description}</p>`}
${
    parameters.length === 0 ? "" : html`<table><caption>Parameters</caption>${
      parameters.map((parameter) =>
        html`
          <tr>
            <th scope="row"><code>${parameter.name}</code></th>
            <td>${parameter.in}${parameter.required === true ? ", required" : ""}</td>
            <td>${typeHtml(parameter.schema)}</td>
          </tr>
        `
      )
    }</table>`
  }
${requestBody === undefined ? "" : html`<table><caption>Body</caption>${contentHtml(requestBody.content)}</table>`}
<table><caption>Answers</caption>${
    Object.entries(responses).map(([status, response]) =>
      html`
        <tr>
          <th scope="row">${status}</th>
          <td>${response.description}</td>
          <td>${Object.values(response.content ?? {}).map(({ schema }) =>
            html`
              ${typeHtml(schema)}
            `
          )}</td>
        </tr>
      `
    )
  }</table></details>`;
}

function contentHtml(content: Readonly<Record<string, { readonly schema: Schema }>>) {
  return Object.entries(content).map(([type, { schema }]) =>
    html`
      <tr>
        <th scope="row"><code>${type}</code></th>
        <td>${typeHtml(schema)}</td>
      </tr>
    `
  );
}

function schemaHtml(name: string, { properties = {}, required = [], example, anyOf }: Schema) {
  return html`<details id="schema-${name}"><summary><code>${name}</code></summary>
${anyOf === undefined ? "" : html`<p>${typeHtml({ anyOf })}</p>`}
<table>${
    Object.entries(properties).map(([field, schema]) =>
      html`
        <tr>
          <th scope="row"><code>${field}</code></th>
          <td>${typeHtml(schema)}${required.includes(field) ? "" : ", may be left out"}</td>
        </tr>
      `
    )
  }</table>${example === undefined ? "" : html`<pre>${JSON.stringify(example, null, 2)}</pre>`}</details>`;
}

// deno-lint-ignore no-explicit-any -- the template's own type is a promise's or a text's
function typeHtml(schema: Schema): any {
  const name = schema.$ref?.split("/").at(-1);
  if (name !== undefined) return html`<a href="#schema-${name}">${name}</a>`;
  if (schema.items !== undefined) return html`list of ${typeHtml(schema.items)}`;
  if (schema.anyOf !== undefined) return schema.anyOf.map((one, at) => html`${at === 0 ? "" : " or "}${typeHtml(one)}`);
  if (schema.enum !== undefined) return schema.enum.join(", ");
  if (schema.properties !== undefined) return html`object of ${Object.keys(schema.properties).join(", ")}`;
  return schema.type ?? "any";
}
