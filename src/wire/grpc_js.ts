/**
 * The one door to grpc-js: whoever comes in by it has a cured HTTP/2.
 *
 * @module
 */
import "./http2_cure.ts";
import "./coalesce_writes.ts";

export * from "@grpc/grpc-js";
