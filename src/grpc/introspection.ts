import type { GrpcConfig } from "../config/config.ts";
import type { Caller } from "../core/caller.ts";
import { isPublic } from "../core/hosts.ts";
import { healthDefinition, reflectionDefinitions } from "../wire/definitions.ts";
import type { Server } from "../wire/grpc_js.ts";
import { healthHandlers } from "./health.ts";
import type { HealthBoard } from "./health_board.ts";
import { reflectionHandlers } from "./reflection.ts";
import { withReadableRequests } from "./requests.ts";
import type { HandlerOptions } from "./unary.ts";

/** Whether everybody may ask what the server offers, as the settings say. */
export function isReflectionOpen({ reflection, host, tls }: GrpcConfig, callersAreKnown: boolean): boolean {
  // Whoever reaches loopback is on this machine, and under mutual TLS every caller has shown a certificate; where callers are told apart, that
  // is a matter of scopes.
  return reflection === "on" || !isPublic(host) || (!callersAreKnown && tls?.caPath !== undefined);
}

/** What health and reflection work with. */
export interface IntrospectionOptions extends Pick<HandlerOptions, "callers" | "calls" | "log"> {
  readonly config: GrpcConfig;
  /** The full names of the services that the server offers besides these. */
  readonly offered: readonly string[];
  readonly board: HealthBoard;
  /** Whether everybody may ask what the server offers. */
  readonly openReflection: boolean;
}

const HEALTH = "grpc.health.v1.Health";
const REFLECTION = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];

/** Adds what operators and tools ask a gRPC server for: health, and reflection unless it is off. */
export function addIntrospection(server: Server, options: IntrospectionOptions): void {
  const { config, offered, board, openReflection } = options;
  server.addService(withReadableRequests(healthDefinition), healthHandlers(board, options));
  if (config.reflection === "off") return;
  const services = [...offered, HEALTH, ...REFLECTION];
  const admits = (caller: Caller) => openReflection || caller.scopes.has("introspection") && caller.kind !== "anonymous";
  const handlers = reflectionHandlers({ ...options, services, admits });
  for (const definition of reflectionDefinitions) server.addService(withReadableRequests(definition), handlers);
}
