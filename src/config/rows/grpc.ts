import { flag, host, oneOf, path, wholeNumber } from "../kinds.ts";
import { given, optional } from "../setting.ts";

const PORT = wholeNumber(0, 65_535);

/** The gRPC server, and what it is held to. */
export const grpcRows = {
  GRPC_ENABLED: given(
    flag,
    "false",
    "Whether the gRPC server runs",
    "The specification's; `deno task start` and the image set it to true unless the environment already says",
  ),
  GRPC_SERVER_HOST: given(
    host,
    "127.0.0.1",
    "Address that the gRPC server listens on",
    "The specification's sample listens everywhere (0.0.0.0), which without TLS and authentication hands the log to the whole network",
  ),
  GRPC_SERVER_PORT: given(PORT, "50051", "Port of the gRPC server; 0 takes a free one", "The specification's"),
  GRPC_MAX_WORKERS: given(
    wholeNumber(1, 100_000),
    "256",
    "RPC handlers that run at once; further calls wait",
    "The specification's 10 counts threads; here a handler costs no thread, and group commit is faster the more calls it finds",
  ),
  GRPC_MAX_QUEUED_CALLS: given(
    wholeNumber(0, 1_000_000),
    "1024",
    "Calls that may wait for a handler; further ones get RESOURCE_EXHAUSTED",
    "Four waiting for each one running: well under a second of work, and at most 64 MB of contents",
  ),
  GRPC_TLS_ENABLED: given(flag, "false", "Whether the gRPC server speaks TLS", "The specification's"),
  GRPC_TLS_CERT_PATH: optional(path, "PEM file of the certificate chain; needed with TLS", "Yours"),
  GRPC_TLS_KEY_PATH: optional(path, "PEM file of the private key; needed with TLS", "Yours"),
  GRPC_TLS_CA_PATH: optional(
    path,
    "PEM file of the authorities whose client certificates are required (mutual TLS)",
    "Unset: clients need no certificate",
  ),
  GRPC_MAX_MESSAGE_SIZE: given(
    wholeNumber(131_072, 1_073_741_824),
    "4194304",
    "Bytes of the largest gRPC message, in and out",
    "The specification's, and what gRPC clients expect; no less than 131072, because one message at its limits must fit",
  ),
  GRPC_KEEPALIVE_TIME_MS: given(
    wholeNumber(1_000, 86_400_000),
    "10000",
    "Milliseconds of silence after which the gRPC server pings a connection",
    "The specification's; without pings the streams of a vanished client would stay for ever",
  ),
  GRPC_KEEPALIVE_TIMEOUT_MS: given(
    wholeNumber(100, 3_600_000),
    "5000",
    "Milliseconds that a ping may go unanswered before the connection is dropped",
    "The specification's",
  ),
  GRPC_MAX_STREAMS_PER_CONNECTION: given(
    wholeNumber(1, 1_000_000),
    "1000",
    "Calls, streams among them, at once on one connection; more wait in the client",
    "The library itself knows no limit, and one connection could take all memory",
  ),
  GRPC_MAX_CALLS_PER_CALLER: given(
    wholeNumber(1, 1_000_000),
    "5000",
    "Calls, streams among them, at once of one caller, or of one address where callers prove nothing; further ones get RESOURCE_EXHAUSTED",
    "Half of the 10,000 streams that a process holds, so that one caller leaves room for others",
  ),
  GRPC_MAX_DEADLINE_MS: given(
    wholeNumber(100, 86_400_000),
    "60000",
    "Milliseconds that a unary call may take; a longer deadline, or none, is cut to it",
    "Nobody waits longer for an answer, and a lost client must not hold a worker for ever",
  ),
  GRPC_MAX_TURN_DELAY_MS: given(
    wholeNumber(0, 60_000),
    "40",
    "Milliseconds that the process's turns may come late, several in a row, before a share of the unary calls is refused; 0: none ever is",
    "A process that is given more than it can do answers nobody in time; more only where others take its processor now and then",
  ),
  GRPC_MAX_CONNECTION_IDLE_MS: given(
    wholeNumber(0, 86_400_000),
    "900000",
    "Milliseconds without a call after which a connection is ended (clients connect again when they need to); 0: never",
    "Longer than the pauses of a busy client; an idle connection costs about 50 KB",
  ),
  GRPC_MAX_CONNECTION_AGE_MS: given(
    wholeNumber(0, 86_400_000),
    "0",
    "Milliseconds (give or take a tenth) after which a connection is ended: its streams with UNAVAILABLE and the position to resume after; 0: never",
    "Needed only where a balancer spreads connections and replicas come and go: then half an hour is usual",
  ),
  GRPC_MAX_CONNECTION_AGE_GRACE_MS: given(
    wholeNumber(0, 3_600_000),
    "10000",
    "Milliseconds that unary calls on such a connection may still take",
    "As long as clients wait for an answer by default",
  ),
  MEMORY_LIMIT_MB: optional(
    wholeNumber(64, 10_000_000),
    "Megabytes (of 1,048,576 bytes) that the process may use; for the shedding below",
    "Unset: the container's limit, where there is one",
  ),
  MEMORY_HIGH_PERCENT: given(
    wholeNumber(10, 100),
    "90",
    "Share of that limit, or of the JavaScript heap's own, above which new calls get RESOURCE_EXHAUSTED and the process is not ready",
    "Before the system kills the process with everything that it has under way",
  ),
  GRPC_REFLECTION: given(
    oneOf(["auto", "on", "off"]),
    "auto",
    "Who may ask the gRPC server what it offers (server reflection): on, everybody; off, nobody; auto, on loopback everybody, elsewhere callers who have proved who they are (with AUTH_MODE or CERTIFICATE_CALLERS: who have the scope introspection)",
    "Tools such as buf curl need it; strangers do not",
  ),
} as const;
