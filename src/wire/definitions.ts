import { fromJSON } from "@grpc/proto-loader";
import { DESCRIPTOR_SET_BASE64 } from "./generated/descriptors.ts";
import { PROTOS } from "./generated/protos.ts";
import type { AIServiceDefinition } from "./generated/chat/AIService.ts";
import type { MessageServiceDefinition } from "./generated/chat/MessageService.ts";
import type { PluginHostServiceDefinition } from "./generated/chat/PluginHostService.ts";
import type { PluginServiceDefinition } from "./generated/chat/PluginService.ts";
import type { RAGServiceDefinition } from "./generated/chat/RAGService.ts";
import type { RemotePluginServiceDefinition } from "./generated/chat/RemotePluginService.ts";
import type { HealthDefinition } from "./generated/grpc/health/v1/Health.ts";
import type { ServerReflectionDefinition } from "./generated/grpc/reflection/v1/ServerReflection.ts";

/** The protos as a binary `google.protobuf.FileDescriptorSet`, for reflection and tests. */
export const descriptorSet: Uint8Array = Uint8Array.fromBase64(DESCRIPTOR_SET_BASE64);

/**
 * Names in camelCase, 64-bit integers as numbers (positions and times stay below 2^53), every unset field with its default,
 * except those marked `optional`, which stay absent.
 */
const loaded = fromJSON(PROTOS as unknown as Parameters<typeof fromJSON>[0], {
  longs: Number,
  defaults: true,
  arrays: true,
  objects: true,
});

/** Paths and codecs of `chat.MessageService`, for grpc-js servers and clients. */
export const messageServiceDefinition = loaded["chat.MessageService"] as unknown as MessageServiceDefinition;

/** Paths and codecs of `grpc.health.v1.Health`. */
export const healthDefinition = loaded["grpc.health.v1.Health"] as unknown as HealthDefinition;

/** Paths and codecs of server reflection; the older version has the same messages under another name. */
export const reflectionDefinitions: readonly ServerReflectionDefinition[] = [
  loaded["grpc.reflection.v1.ServerReflection"] as unknown as ServerReflectionDefinition,
  loaded["grpc.reflection.v1alpha.ServerReflection"] as unknown as ServerReflectionDefinition,
];

/** Paths and codecs of `chat.AIService`, for grpc-js servers and clients. */
export const aiServiceDefinition = loaded["chat.AIService"] as unknown as AIServiceDefinition;

/** Paths and codecs of `chat.RAGService`, for grpc-js servers and clients. */
export const ragServiceDefinition = loaded["chat.RAGService"] as unknown as RAGServiceDefinition;

/** Paths and codecs of `chat.PluginService`, for grpc-js servers and clients. */
export const pluginServiceDefinition = loaded["chat.PluginService"] as unknown as PluginServiceDefinition;

/** Paths and codecs of `chat.RemotePluginService`, which plugins serve that run elsewhere. */
export const remotePluginServiceDefinition = loaded["chat.RemotePluginService"] as unknown as RemotePluginServiceDefinition;

/** Paths and codecs of `chat.PluginHostService`, which such plugins call in turn. */
export const pluginHostServiceDefinition = loaded["chat.PluginHostService"] as unknown as PluginHostServiceDefinition;
