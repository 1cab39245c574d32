import protobuf from "protobufjs";
import { PROTOS } from "../../src/wire/generated/protos.ts";

/** One RPC of the protos. */
export interface Rpc {
  /** Such as `chat.MessageService/CreateMessage`. */
  readonly name: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

/** Every RPC of every service, from the descriptors. */
export function allRpcs(): readonly Rpc[] {
  const found: Rpc[] = [];
  const visit = (object: protobuf.ReflectionObject) => {
    if (object instanceof protobuf.Service) {
      const service = object.fullName.slice(1);
      found.push(...object.methodsArray.map(({ name, requestStream, responseStream }) => ({
        ...{ name: `${service}/${name}`, requestStream: requestStream === true, responseStream: responseStream === true },
      })));
    }
    if (object instanceof protobuf.Namespace) object.nestedArray.forEach(visit);
  };
  visit(protobuf.Root.fromJSON(PROTOS as unknown as protobuf.INamespace));
  return found;
}
