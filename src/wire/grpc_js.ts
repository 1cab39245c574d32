/**
 * The one door to grpc-js: whoever comes in by it has a cured HTTP/2, and a library that leaves the talking to this program's errors and log
 * (unless `GRPC_VERBOSITY` asks it to speak).
 *
 * @module
 */
import "./http2_cure.ts";
import "./closed_channels.ts";
import "./coalesce_writes.ts";
import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import process from "node:process";

const asked = process.env["GRPC_VERBOSITY"] ?? process.env["GRPC_NODE_VERBOSITY"];
if (asked === undefined) setLogVerbosity(logVerbosity.NONE);

export * from "@grpc/grpc-js";
