import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Validator } from "@seriousme/openapi-schema-validator";
import { createGatewayApp } from "../../src/gateway/app.ts";
import { OpenCalls } from "../../src/gateway/context.ts";
import { testLog } from "../support/log.ts";
import { MemoryMessageService } from "../support/memory_message_service.ts";

const app = () =>
  createGatewayApp({
    ...{ services: { message: new MemoryMessageService() }, readiness: () => ({ ok: true, checks: {} }), log: testLog() },
    ...{ calls: new OpenCalls(10_000), heartbeatMs: 15_000 },
  });

Deno.test("/openapi.json is valid OpenAPI 3.1 and has every route of /v1, each with a summary and an answer", async () => {
  const gateway = app();
  const document = await (await gateway.request("http://127.0.0.1/openapi.json")).json();
  const { valid, errors } = await new Validator().validate(structuredClone(document));
  assert(valid, JSON.stringify(errors));
  assertEquals(document.openapi, "3.1.0");
  const declared = Object.entries(document.paths as Record<string, Record<string, { summary: string; operationId: string }>>)
    .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
  const served = gateway.routes.filter(({ method, path }) => method !== "ALL" && path.startsWith("/v1/"))
    .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
  assertEquals([...new Set(served)].filter((route) => !declared.includes(route)), []);
  assertEquals(declared.filter((route) => !served.includes(route) && route.includes(" /v1/")), []);
  const ids = Object.values(document.paths as Record<string, Record<string, { operationId: string }>>)
    .flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId));
  assertEquals(new Set(ids).size, ids.length);
});

Deno.test("/docs shows every route without a script, an inline style or anything from elsewhere", async () => {
  const gateway = app();
  const response = await gateway.request("http://127.0.0.1/docs");
  const page = await response.text();
  assertEquals([response.status, response.headers.get("content-type")], [200, "text/html; charset=UTF-8"]);
  assert(!response.headers.get("content-security-policy")?.includes("unsafe"));
  assert(!/<script|<style|\sstyle=|\son\w+=|(src|href)="(?!\/|#)/.test(page));
  for (const route of ["/v1/documents/{id}", "/v1/ai/responses", "/v1/plugins/{name}/execute", "/v1/rooms"]) {
    assertStringIncludes(page, route);
  }
  const style = await gateway.request("http://127.0.0.1/docs/style.css");
  assertEquals([style.status, style.headers.get("content-type")], [200, "text/css; charset=utf-8"]);
  await style.body?.cancel();
});

Deno.test("routes of a service that the process does not have answer 501 as a problem", async () => {
  const gateway = app();
  for (const path of ["/v1/ai/models", "/v1/documents", "/v1/plugins", "/v1/ai/responses/1/stream"]) {
    const response = await gateway.request(`http://127.0.0.1${path}`);
    assertEquals([response.status, (await response.json()).code], [501, "unimplemented"], path);
  }
});
