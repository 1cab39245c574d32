import { answerFromWire, generationFromWire } from "../wire/ai_codec.ts";
import { aiServiceDefinition as definition } from "../wire/definitions.ts";
import { asIs, method } from "./methods.ts";

/** The RPCs of the AI service, in the contract's types; parts of a stream stay the wire's until their place is known. */
export const aiMethods = {
  generateResponse: method(definition.GenerateResponse, answerFromWire),
  streamResponse: method(definition.StreamResponse, asIs),
  analyzeSentiment: method(definition.AnalyzeSentiment, asIs),
  analyzeSentiments: method(definition.AnalyzeSentiments, asIs),
  listModels: method(definition.ListModels, asIs),
  getGeneration: method(definition.GetGeneration, generationFromWire),
  cancelGeneration: method(definition.CancelGeneration, asIs),
};
