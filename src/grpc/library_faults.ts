import { type ServerInterceptor, status, type StatusObject } from "../wire/grpc_js.ts";

/** What grpc-js says of a request that never was a call: the bytes are at fault, and whoever watches for INTERNAL must not be woken by a stranger's. */
const CLIENT_FAULTS = /^(?:Failed to decompress message$|Invalid grpc-timeout value )/;

/** The call below all interceptors, whose answers no interceptor sees. */
interface BaseCall {
  sendStatus(given: Partial<StatusObject>): void;
}

const amended = new WeakSet<object>();

/**
 * Makes grpc-js answer INVALID_ARGUMENT, not INTERNAL, where it gives up on a request's bytes before any handler: a body that does not decompress,
 * a timeout header that is none. It adds no layer to a call: the class of all calls is amended when the first one comes.
 */
export const blameTheRequest: ServerInterceptor = (_method, call) => {
  const shared = Object.getPrototypeOf(call) as BaseCall;
  if (amended.has(shared)) return call;
  amended.add(shared);
  const { sendStatus } = shared;
  shared.sendStatus = function (given) {
    const atFault = given.code === status.INTERNAL && CLIENT_FAULTS.test(given.details ?? "");
    sendStatus.call(this, atFault ? { ...given, code: status.INVALID_ARGUMENT } : given);
  };
  return call;
};
