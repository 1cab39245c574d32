import { type ServerInterceptingCall, type ServerInterceptor, status, type StatusObject } from "../wire/grpc_js.ts";

/** What grpc-js calls INTERNAL though the client is at fault. */
const CLIENT_FAULTS = /^(Invalid grpc-timeout value|Failed to decompress message)/;
const CORRECTED = Symbol("corrected");

interface ServerCallBase {
  sendStatus(status: Partial<StatusObject>): void;
  [CORRECTED]?: true;
}

/**
 * Makes grpc-js answer INVALID_ARGUMENT for requests that it cannot read. It sends such a status from below every interceptor, so this one only
 * lends a hand to reach the class of the call, once; it adds no layer to calls.
 */
export const correctInputFaults: ServerInterceptor = (_method, call) => {
  const base = Object.getPrototypeOf(call) as ServerCallBase;
  if (base[CORRECTED] !== true) correct(base);
  return call as ServerInterceptingCall;
};

function correct(base: ServerCallBase): void {
  base[CORRECTED] = true;
  const { sendStatus } = base;
  base.sendStatus = function (given) {
    const faulty = given.code === status.INTERNAL && CLIENT_FAULTS.test(given.details ?? "");
    sendStatus.call(this, faulty ? { ...given, code: status.INVALID_ARGUMENT } : given);
  };
}
