import type { ServiceClientOptions } from "../clients/options.ts";
import type { GrpcConfig } from "../config/config.ts";
import type { TlsFiles } from "../wire/tls_files.ts";

/**
 * How this process calls services that run elsewhere: as itself or for its own callers, and with its own limits. The server's own TLS files serve it
 * as a client too: its certificate says who it is, the CA whom it trusts. That callers' tokens may go to other machines in the clear was said by
 * whoever set GRPC_TLS_ENABLED=false.
 */
export function callingOptions(grpc: GrpcConfig, tls: TlsFiles | undefined): Omit<ServiceClientOptions, "address"> {
  return {
    ...{ maxMessageBytes: grpc.maxMessageBytes, allowPlaintextToken: true },
    ...(tls === undefined ? {} : { tls: () => tls.current }),
  };
}
