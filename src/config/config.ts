import type { Scope } from "../core/caller.ts";
import type { IpBlock } from "../core/ip.ts";
import type { Rate } from "../core/rate_limiter.ts";

/** A part of the system that one process can play. */
export type ServiceName = "gateway" | "message" | "ai" | "rag" | "plugin";

/** Where the TLS files lie; a CA means that client certificates are required. */
export interface TlsPaths {
  readonly certPath: string;
  readonly keyPath: string;
  readonly caPath?: string;
}

/** The validated settings of one process. Units stand in the names. */
export interface Config {
  readonly services: ReadonlySet<ServiceName>;
  readonly http: HttpConfig;
  readonly rateLimits: RateLimitConfig;
  readonly grpc: GrpcConfig;
  readonly database: DatabaseConfig;
  /** Where services run, as `host:port` each, that a part of this process calls and that this process does not play itself. */
  readonly serviceAddresses: Readonly<Partial<Record<Exclude<ServiceName, "gateway">, readonly string[]>>>;
  /** Where embeddings come from; absent: search goes by words alone. */
  readonly embedding?: ModelConfig;
  /** Who judges the best results of a search; absent: nobody. */
  readonly rerank?: ModelConfig;
  readonly ai: AiConfig;
  readonly plugin: PluginConfig;
  readonly auth: AuthConfig;
  readonly eventBus: "memory" | "postgres" | "nats";
  /** Set exactly when NATS carries the wake-ups. */
  readonly nats?: NatsConfig;
  /** Where `/metrics` is offered; absent: nowhere. */
  readonly metrics?: MetricsConfig;
  /** Which calls get a line in the log: a number is the share of calls, besides those that failed. */
  readonly accessLog: "all" | "errors" | "off" | number;
  readonly logLevel: "debug" | "info" | "warn" | "error";
  readonly memory: MemoryConfig;
  /** How long a stopping process waits for accepted calls. */
  readonly shutdownTimeoutMs: number;
}

/** The gateway's settings. */
export interface HttpConfig {
  readonly host: string;
  readonly port: number;
  /** Absent: in the clear. */
  readonly tls?: Omit<TlsPaths, "caPath">;
  /** Other origins whose pages may use the API, exact ones such as `https://app.example`. */
  readonly allowedOrigins: readonly string[];
  /** The host names that requests may be for, besides IP addresses; absent: any. */
  readonly allowedHosts?: readonly string[];
  /** Whose word about where a request comes from (`X-Forwarded-For`) counts. */
  readonly trustedProxies: readonly IpBlock[];
  /** How long a request may take that is no stream. */
  readonly requestTimeoutMs: number;
  /** How many requests of one caller, or of one address where callers prove nothing, may be under way, streams among them. */
  readonly maxCallsPerCaller: number;
}

/** How many requests are taken; absent: any number. */
export interface RateLimitConfig {
  /** Of one caller who has proved who it is. */
  readonly perCaller?: Rate;
  /** Of one address, from callers who have not. */
  readonly perAddress?: Rate;
}

/** Where `/metrics` is offered. */
export interface MetricsConfig {
  readonly host: string;
  readonly port: number;
  /** Where another process has the port, go without metrics; else that is an error. */
  readonly skipIfTaken: boolean;
  /** What a scraper must present as its bearer token; secret. */
  readonly token?: string;
}

/** A model behind an HTTP API. */
export interface ModelConfig {
  readonly baseUrl: string;
  readonly model: string;
  /** Secret. */
  readonly apiKey?: string;
}

/** A server of language models. */
export interface AiProviderConfig {
  readonly name: string;
  readonly baseUrl: string;
  /** The default one first. */
  readonly models: readonly { readonly name: string; readonly contextTokens: number; readonly maxTokens: number }[];
  /** Secret. */
  readonly apiKey?: string;
  /** Where the key lies instead. */
  readonly apiKeyPath?: string;
  /** Whether it is asked how likely its words were. */
  readonly logProbabilities: boolean;
}

/** The AI service's settings. */
export interface AiConfig {
  /** In the order in which they are asked; empty: answers are chosen from documents. */
  readonly providers: readonly AiProviderConfig[];
  /** Of one answer: all of it, until its first part, between two parts; and the attempts at each server. */
  readonly patience: { readonly totalMs: number; readonly firstByteMs: number; readonly idleMs: number; readonly attempts: number };
  /** Answers at once, how long one goes on that nobody follows, and how long it can be read. */
  readonly limits: { readonly atOnce: number; readonly atOncePerCaller: number; readonly graceMs: number; readonly keepMs: number };
  /** Judges moods where the request names no model: `vader`, or a model of a provider. */
  readonly sentimentModel: string;
  /** Answers that one user of a room may have in the making at once. */
  readonly assistantPerUser: number;
  /** Folder that gets each exchange with a provider as a file. */
  readonly record?: string;
  /** Folder of such files, which answer in the place of the providers. */
  readonly replay?: string;
}

/** A key that plugins may be signed with. */
export interface PluginKey {
  readonly id: string;
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** The plugin service's settings. */
export interface PluginConfig {
  /** Without these and the next, plugins need no signature. */
  readonly trustedKeys?: readonly PluginKey[];
  /** Where such keys lie instead. */
  readonly trustedKeysPath?: string;
  /** Where plugins have their folders. */
  readonly dataDir: string;
  /** File of the variables that plugins may be granted. */
  readonly envPath?: string;
  /** Where remote plugins may run, as `host:port`. */
  readonly remoteAddresses: readonly string[];
  /** What remote plugins are told to ask this server at, as `host:port`. */
  readonly hostAddress?: string;
  /** Of all plugins together. */
  readonly maxProcesses: number;
  /** What no manifest gets more of. */
  readonly most: { readonly memoryBytes: number; readonly callMs: number };
  /** Plugins of this system that are on. */
  readonly builtIn: readonly string[];
  /** Hosts that each of these may connect to, as `host` or `host:port`, by its name. */
  readonly builtInNet: Readonly<Record<string, readonly string[]>>;
}

/** When memory is short. */
export interface MemoryConfig {
  /** Absent: the container's, where there is one. */
  readonly limitBytes?: number;
  /** Of the limit, from 0 to 1. */
  readonly highShare: number;
}

/** The gRPC server's settings. */
export interface GrpcConfig {
  readonly enabled: boolean;
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsPaths;
  /** Handlers that run at once; further calls wait. */
  readonly maxWorkers: number;
  /** Calls that may wait; further calls are refused. */
  readonly maxQueuedCalls: number;
  readonly maxMessageBytes: number;
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
  /** Absent: the settings' defaults. */
  readonly limits?: GrpcLimits;
  /** Who may ask what the server offers: everybody, nobody, or (default) callers from this machine and callers who have proved who they are. */
  readonly reflection?: "on" | "off" | "auto";
}

/** How callers prove who they are. */
export interface AuthConfig {
  readonly mode: "none" | "api_key" | "jwt";
  /** The file of API keys; absent: they are kept in the database. */
  readonly keysPath?: string;
  /** Set exactly in the mode `jwt`. */
  readonly jwt?: JwtConfig;
  /** Whose client certificates may do what, the first that fits counts; empty: certificates say nothing about who calls. */
  readonly certificates: readonly CertificateRule[];
}

/** What tokens are held against. */
export interface JwtConfig {
  readonly keys:
    /** Secret. */
    | { readonly kind: "secret"; readonly secret: string }
    | { readonly kind: "secret_file"; readonly path: string }
    | { readonly kind: "jwks_file"; readonly path: string }
    | { readonly kind: "jwks_url"; readonly url: string };
  readonly issuer: string;
  readonly audience: string;
  /** The claim that names the user. */
  readonly nameClaim: string;
  readonly clockSkewSeconds: number;
}

/** Who shows a certificate with this subject alternative name, and what that allows. */
export interface CertificateRule {
  /** Such as `DNS:gateway.chat` or `URI:spiffe://chat/gateway`. */
  readonly san: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
}

/** What clients are held to. */
export interface GrpcLimits {
  readonly maxStreamsPerConnection: number;
  readonly maxCallsPerCaller: number;
  /** A unary call's longest deadline. */
  readonly maxDeadlineMs: number;
  /** How late the event loop may be before calls are refused; Infinity: none is. */
  readonly maxTurnDelayMs: number;
  /** Infinity: never. */
  readonly maxConnectionIdleMs: number;
  /** Infinity: never. */
  readonly maxConnectionAgeMs: number;
  readonly maxConnectionAgeGraceMs: number;
}

/** Which database. The URL holds a password: it is never logged or printed. */
export type DatabaseConfig =
  | { readonly kind: "pglite"; readonly dataDir: string }
  | {
    readonly kind: "postgres";
    readonly url: string;
    readonly poolSize: number;
    readonly statementTimeoutMs: number;
    /** A copy to read history from; holds a password too. */
    readonly readUrl?: string;
  };

/** Where NATS is and as whom to go there. Holds secrets: never logged or printed. */
export interface NatsConfig {
  /** `host:port` each, members of one cluster. */
  readonly servers: readonly string[];
  /** What the subjects of the wake-ups begin with. */
  readonly subjectPrefix: string;
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  /** A credentials file: a JWT and its seed. */
  readonly credsPath?: string;
  /** A file with the seed of an NKey. */
  readonly nkeyPath?: string;
  /** TLS; each file is optional. */
  readonly tls?: { readonly caPath?: string; readonly certPath?: string; readonly keyPath?: string };
}
