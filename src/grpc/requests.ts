import { ChatError } from "../core/errors.ts";
import { checkWire } from "../wire/strict.ts";
import type { ServiceDefinition, UntypedServiceImplementation } from "../wire/grpc_js.ts";

/** Stands for a request whose bytes are no message of its type. */
export class BadRequest {
  readonly error: ChatError;

  constructor(error: ChatError) {
    this.error = error;
  }
}

/**
 * The same service, but for requests that cannot be read: grpc-js would answer INTERNAL, as if the server were at fault. They come through as
 * {@link BadRequest} instead, and the handlers answer INVALID_ARGUMENT.
 */
export function withReadableRequests<S extends ServiceDefinition<UntypedServiceImplementation>>(service: S): S {
  return Object.fromEntries(
    Object.entries(service).map(([name, method]) => {
      const decode = method.requestDeserialize;
      const type = messageTypeOf(method);
      const requestDeserialize = (bytes: Buffer) => {
        try {
          checkWire(type, bytes);
          return decode(bytes);
        } catch (error) {
          return new BadRequest(unreadable(name, error));
        }
      };
      return [name, { ...method, requestDeserialize }];
    }),
  ) as S;
}

function unreadable(method: string, cause: unknown): ChatError {
  if (cause instanceof ChatError) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ChatError("invalid_argument", `The request of ${method} cannot be read: ${why}`, { cause });
}

/** proto-loader tells the name of a method's request type, which grpc-js's own types do not know of. */
function messageTypeOf(method: object): string {
  return (method as { readonly requestType: { readonly type: { readonly name: string } } }).requestType.type.name;
}
