import type { AiService, GenerateRequest } from "../contracts/mod.ts";
import type { CallContext } from "../core/context.ts";
import { partToWire } from "../wire/ai_codec.ts";
import type { UntypedServiceImplementation } from "../wire/grpc_js.ts";
import { serverStream } from "./server_stream.ts";
import { type HandlerOptions, largeUnary, unary } from "./unary.ts";

/** `chat.AIService` over an AI service: each RPC is its method. */
export function aiHandlers(service: AiService, options: HandlerOptions): UntypedServiceImplementation {
  return {
    GenerateResponse: unary("GenerateResponse", service.generateResponse.bind(service), options),
    StreamResponse: serverStream("StreamResponse", (request: GenerateRequest, context) => wireParts(service, request, context), options),
    AnalyzeSentiment: unary("AnalyzeSentiment", service.analyzeSentiment.bind(service), options),
    AnalyzeSentiments: unary("AnalyzeSentiments", service.analyzeSentiments.bind(service), options),
    ListModels: unary("ListModels", service.listModels.bind(service), options),
    GetGeneration: largeUnary("GetGeneration", service.getGeneration.bind(service), options),
    CancelGeneration: unary("CancelGeneration", service.cancelGeneration.bind(service), options),
  };
}

async function* wireParts(service: AiService, request: GenerateRequest, context: CallContext) {
  for await (const part of service.streamResponse(request, context)) yield partToWire(part);
}
