import { assertEquals } from "@std/assert";
import { ChatError, type ErrorCode } from "../../src/core/errors.ts";
import { Metadata, status } from "../../src/wire/grpc_js.ts";
import { errorCode, fromStatus, grpcStatus, resumeSeqOf, toStatus } from "../../src/wire/status.ts";

const codes: Readonly<Record<ErrorCode, number>> = {
  cancelled: 1,
  invalid_argument: 3,
  deadline_exceeded: 4,
  not_found: 5,
  already_exists: 6,
  permission_denied: 7,
  resource_exhausted: 8,
  failed_precondition: 9,
  aborted: 10,
  out_of_range: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
};

Deno.test("grpcStatus and errorCode are each other's inverse for every code", () => {
  for (const [code, number] of Object.entries(codes)) {
    assertEquals(grpcStatus(code as ErrorCode), number);
    assertEquals(errorCode(number), code);
  }
});

Deno.test("errorCode has an answer for every number there is", () => {
  for (const odd of [status.OK, status.UNKNOWN, status.DATA_LOSS, 17, -1, 0.5, NaN]) assertEquals(errorCode(odd), "internal");
});

Deno.test("fromStatus gives back what toStatus was given", () => {
  const errors = [
    new ChatError("invalid_argument", "Field `limit` must be 0 to 500, got 501", { field: "limit" }),
    new ChatError("unavailable", "The server is shutting down", { resumeSeq: 0, retryAfterMs: 0 }),
    new ChatError("resource_exhausted", "Too slow", { resumeSeq: Number.MAX_SAFE_INTEGER }),
    new ChatError("internal", ""),
  ];
  for (const error of errors) {
    const { code, message, field, resumeSeq, retryAfterMs } = fromStatus(toStatus(error, "id-1"));
    const text = error.message || "The server answered gRPC status 13";
    assertEquals([code, message, field, resumeSeq, retryAfterMs], [error.code, text, error.field, error.resumeSeq, error.retryAfterMs]);
  }
});

Deno.test("toStatus names the call, and tells retry policies of gRPC libraries what it tells ours", () => {
  const { metadata } = toStatus(new ChatError("unavailable", "Away", { retryAfterMs: 12.3 }), "id-1");
  assertEquals(metadata.getMap(), { "chat-request-id": "id-1", "chat-retry-after-ms": "13", "grpc-retry-pushback-ms": "13" });
});

Deno.test("toStatus never sends the cause, nor bytes that headers cannot carry", () => {
  const error = new ChatError("not_found", "Nothing called \ud800", { field: "meta\n\ud800é", cause: new Error("secret") });
  const sent = toStatus(error, "id\r\n-é");
  assertEquals(sent.details, "Nothing called \ufffd");
  assertEquals(sent.metadata.getMap(), { "chat-request-id": "id??-?", "chat-error-field": "meta???" });
});

Deno.test("fromStatus takes numbers in the metadata only where they are numbers", () => {
  const metadata = new Metadata();
  metadata.set("chat-resume-seq", "-5");
  metadata.set("chat-retry-after-ms", "soon");
  const error = fromStatus({ code: status.UNAVAILABLE, details: "Away", metadata });
  assertEquals([error.resumeSeq, error.retryAfterMs, resumeSeqOf(metadata)], [undefined, undefined, undefined]);
  assertEquals(fromStatus({ code: status.UNAVAILABLE, details: "Away" }, new Error("cause")).cause, new Error("cause"));
});
