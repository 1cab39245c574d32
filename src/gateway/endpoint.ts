/**
 * Routes declared once: what an endpoint takes and gives is said by schemas, and validation, types, names and the OpenAPI document follow from them.
 * Queries, paths and bodies are read by this room's own strict readers, because the framework's pass over repeated parameters and bad escapes.
 *
 * @module
 */
import type { OpenAPIHono, RouteConfig } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { ChatError, invalidField } from "../core/errors.ts";
import { requireAcceptable } from "./accept.ts";
import { allow } from "./authenticate.ts";
import { readJson } from "./body.ts";
import { ifMatchVersion, isNotModified } from "./conditional.ts";
import type { GatewayEnv } from "./context.ts";
import { jsonResponse } from "./json_response.ts";
import { type EVENTS_TYPE, JSON_TYPE, type LINES_TYPE } from "./media_types.ts";
import { type Camel, contractNames, wireNames } from "./names.ts";
import { type DeclaredAnswer, responsesOf } from "./openapi_responses.ts";
import { HttpRefusal } from "./problem.ts";
import { readQuery } from "./query.ts";
import { shaped } from "./shape.ts";

type Nothing = z.ZodObject<Record<never, never>>;
const nothing: Nothing = z.strictObject({});

/** What an endpoint is and takes. */
export interface Endpoint<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodObject> {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  /** As OpenAPI writes it, such as `/v1/messages/{id}`. */
  readonly path: `/${string}`;
  /** The method of the service that it stands for. */
  readonly rpc: string;
  readonly summary: string;
  readonly description?: string;
  readonly params?: P;
  readonly query?: Q;
  /** Takes `metadata.KEY=value` parameters too. */
  readonly takesMetadata?: boolean;
  /** Headers, for the document; whoever handles the request reads them. */
  readonly headers?: z.ZodObject;
  readonly body?: B;
  readonly maxBodyBytes?: number;
  /** Reads the body in place of the JSON reader; gives the contract's fields. */
  readonly readBody?: (c: Context<GatewayEnv>) => Promise<object>;
  /** Bodies that `readBody` takes besides JSON. */
  readonly uploads?: readonly string[];
}

/** An endpoint whose answer is JSON. */
export interface JsonEndpoint<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodObject, A extends z.ZodType>
  extends Endpoint<P, Q, B> {
  readonly answer: A;
  /** Default 200. */
  readonly status?: 200 | 201;
  /** The status of some answers instead. */
  readonly otherwise?: { readonly status: 200; readonly description: string; readonly when: (answer: Camel<z.output<A>>) => boolean };
  /** Also possible instead, on the client's wish. */
  readonly alsoStreams?: typeof EVENTS_TYPE | typeof LINES_TYPE;
  /** The strong ETag of an answer, without its quotes. */
  readonly etag?: (answer: Camel<z.output<A>>) => string;
  /** Takes `If-Match` for the request's `if_version`. */
  readonly takesIfMatch?: boolean;
}

/** An endpoint whose answer is a stream. */
export interface StreamEndpoint<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodObject> extends Endpoint<P, Q, B> {
  readonly streams: typeof EVENTS_TYPE | typeof LINES_TYPE;
}

/** What a handler is given: path, query and body together, which is the contract's request. */
export type RequestOf<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodObject> =
  & Camel<z.output<P>>
  & Camel<z.output<Q>>
  & Camel<z.output<B>>;

/** Which service routes stand for. */
export interface ServiceRoutesOptions<S> {
  /** Undefined: this process has none, and every route answers 501. */
  readonly service: S | undefined;
  /** Such as `chat.MessageService`. */
  readonly grpcName: string;
  /** Heads the routes in the reference. */
  readonly tag: string;
}

/** The routes of one service. */
export class ServiceRoutes<S> {
  readonly #app: OpenAPIHono<GatewayEnv>;
  readonly #options: ServiceRoutesOptions<S>;

  constructor(app: OpenAPIHono<GatewayEnv>, options: ServiceRoutesOptions<S>) {
    this.#app = app;
    this.#options = options;
  }

  /** Adds a route that answers JSON with what `work` gives; a Response that it gives instead goes as it is. */
  json<A extends z.ZodType, P extends z.ZodObject = Nothing, Q extends z.ZodObject = Nothing, B extends z.ZodObject = Nothing>(
    endpoint: JsonEndpoint<P, Q, B, A>,
    work: (service: S, request: RequestOf<P, Q, B>, c: Context<GatewayEnv>) => Promise<Camel<z.output<A>> | Response>,
  ): void {
    const encode = wireNames(endpoint.answer);
    const { etag, status = 200, otherwise, alsoStreams } = endpoint;
    const content = { [JSON_TYPE]: endpoint.answer, ...(alsoStreams === undefined ? {} : { [alsoStreams]: z.string() }) };
    this.#add(endpoint, { status, content, otherwise }, async (service, request, c) => {
      if (alsoStreams === undefined) requireAcceptable(c, JSON_TYPE);
      const ifVersion = endpoint.takesIfMatch === true ? ifMatchVersion(c) : undefined;
      const wanted = ifVersion === undefined ? request : { ifVersion, ...request };
      const answer = await c.var.call.run(work(service, wanted, c)).catch((error) => {
        if (ifVersion === undefined || !(error instanceof ChatError) || error.code !== "aborted") throw error;
        throw new HttpRefusal(412, error.message);
      });
      if (answer instanceof Response) return answer;
      const tag = etag === undefined ? undefined : `"${etag(answer)}"`;
      if (tag !== undefined && isNotModified(c, tag)) return c.body(null, 304, { "ETag": tag });
      return await jsonResponse(c, encode(answer), { status: otherwise?.when(answer) === true ? otherwise.status : status, etag: tag });
    });
  }

  /** Adds a route whose answer is a stream, which `open` makes once the request is known to be right. */
  stream<P extends z.ZodObject = Nothing, Q extends z.ZodObject = Nothing, B extends z.ZodObject = Nothing>(
    endpoint: StreamEndpoint<P, Q, B>,
    open: (service: S, request: RequestOf<P, Q, B>, c: Context<GatewayEnv>) => Promise<Response> | Response,
  ): void {
    this.#add(endpoint, { status: 200, content: { [endpoint.streams]: z.string() } }, (service, request, c) => {
      requireAcceptable(c, endpoint.streams);
      return open(service, request, c);
    });
  }

  #add<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodObject>(
    endpoint: Endpoint<P, Q, B>,
    answer: DeclaredAnswer,
    handle: (service: S, request: RequestOf<P, Q, B>, c: Context<GatewayEnv>) => Promise<Response> | Response,
  ): void {
    const { service, grpcName, tag } = this.#options;
    this.#app.openAPIRegistry.registerPath(declaration(endpoint, { tag, responses: responsesOf(endpoint.method, answer) }));
    const read = requestReader(endpoint);
    this.#app.on(endpoint.method, endpoint.path.replaceAll(/\{(\w+)\}/g, ":$1"), allow(`${grpcName}/${endpoint.rpc}`), async (c) => {
      if (service === undefined) throw new ChatError("unimplemented", `This server has no ${tag} service`);
      return await handle(service, await read(c), c);
    });
  }
}

function declaration<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodObject>(
  endpoint: Endpoint<P, Q, B>,
  { tag, responses }: { readonly tag: string; readonly responses: RouteConfig["responses"] },
): RouteConfig {
  const { method, path, summary, description, params, query, headers, body, uploads = [] } = endpoint;
  const content = {
    ...(body === undefined ? {} : { [JSON_TYPE]: { schema: body } }),
    ...Object.fromEntries(uploads.map((type) => [type, { schema: z.string() }])),
  };
  const request: RouteConfig["request"] = {
    ...(params === undefined ? {} : { params }),
    ...(query === undefined ? {} : { query }),
    ...(headers === undefined ? {} : { headers }),
    ...(Object.keys(content).length === 0 ? {} : { body: { content, required: true } }),
  };
  const about = { summary, tags: [tag], operationId: `${method}_${path.replaceAll(/\W+/g, "_")}`, responses };
  return { method, path, request, ...about, ...(description === undefined ? {} : { description }) };
}

function requestReader<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodObject>(endpoint: Endpoint<P, Q, B>) {
  const { path, params = nothing, query = nothing, body, takesMetadata = false, readBody, maxBodyBytes } = endpoint;
  const [paramNames, queryNames, bodyNames] = [contractNames(params), contractNames(query), body && contractNames(body)];
  return async (c: Context<GatewayEnv>): Promise<RequestOf<P, Q, B>> => {
    const given = readQuery(c.req.url);
    const [key] = Object.keys(given.metadata);
    if (key !== undefined && !takesMetadata) throw invalidField(`metadata.${key}`.slice(0, 80).toWellFormed(), "is not known here");
    const isJson = body !== undefined && readBody === undefined;
    const sent = isJson ? bodyNames?.(shaped(body, await readJson(c, maxBodyBytes))) : await readBody?.(c);
    return {
      ...queryNames(shaped(query, given.fields)),
      ...(key === undefined ? {} : { metadata: given.metadata }),
      ...sent,
      ...paramNames(shaped(params, pathParams(path, c.req.url))),
    } as RequestOf<P, Q, B>;
  };
}

/** The path's parameters, decoded strictly; a slash in one is written `%2F`. */
function pathParams(path: string, url: string): Readonly<Record<string, string>> {
  const segments = new URL(url).pathname.split("/");
  return Object.fromEntries(
    path.split("/").flatMap((part, at) =>
      part.startsWith("{") ? [[part.slice(1, -1), decoded(part.slice(1, -1), segments[at] ?? "")]] : []
    ),
  );
}

function decoded(name: string, segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (error) {
    throw new ChatError(
      "invalid_argument",
      `Field \`${name}\` must be percent-encoded UTF-8, got ${JSON.stringify(segment.slice(0, 80))}`,
      {
        ...{ field: name, cause: error },
      },
    );
  }
}
