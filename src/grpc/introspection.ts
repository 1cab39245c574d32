import type { GrpcConfig } from "../config/config.ts";
import { isPublic } from "../config/rules.ts";
import { healthDefinition, reflectionDefinitions } from "../wire/definitions.ts";
import type { Server } from "../wire/grpc_js.ts";
import { healthHandlers } from "./health.ts";
import type { HealthBoard } from "./health_board.ts";
import { type ReflectionCall, reflectionHandlers } from "./reflection.ts";
import { withReadableRequests } from "./requests.ts";
import type { HandlerOptions } from "./unary.ts";

/** What health and reflection work with. */
export interface IntrospectionOptions extends Pick<HandlerOptions, "callers" | "calls" | "log"> {
  readonly config: GrpcConfig;
  /** The full names of the services that the server offers besides these. */
  readonly offered: readonly string[];
  readonly board: HealthBoard;
  /** Whether this caller has proved who it is; default: nobody has. */
  readonly isKnown?: (call: ReflectionCall) => boolean;
}

const HEALTH = "grpc.health.v1.Health";
const REFLECTION = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];

/** Adds what operators and tools ask a gRPC server for: health, and reflection unless it is off. */
export function addIntrospection(server: Server, options: IntrospectionOptions): void {
  const { config, offered, board, isKnown = () => false } = options;
  server.addService(withReadableRequests(healthDefinition), healthHandlers(board, options));
  if (config.reflection === "off") return;
  const services = [...offered, HEALTH, ...REFLECTION];
  // Whoever reaches loopback is on this machine, and under mutual TLS every caller has shown a certificate.
  const open = config.reflection === "on" || !isPublic(config.host) || config.tls?.caPath !== undefined;
  const handlers = reflectionHandlers({ ...options, services, admits: (call) => open || isKnown(call) });
  for (const definition of reflectionDefinitions) server.addService(withReadableRequests(definition), handlers);
}
