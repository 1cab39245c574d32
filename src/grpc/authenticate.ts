import type { Authenticator } from "../core/authenticator.ts";
import { type Caller, STRANGER } from "../core/caller.ts";
import { requireAllowed, ruleOf } from "../core/policy.ts";
import type { Log } from "../observability/log.ts";
import { type Metadata, ServerInterceptingCall, type ServerInterceptingCallInterface, type ServerInterceptor } from "../wire/grpc_js.ts";
import { requestIdOf } from "./call.ts";
import type { Callers, Identity } from "./callers.ts";
import { credentialOf, type ProvingCall } from "./credential.ts";
import { failureStatus } from "./failure.ts";
import { trackOf } from "./metrics.ts";

/** What decides about calls. */
export interface GuardOptions {
  readonly authenticator: Authenticator;
  readonly log: Log;
  /** Whether everybody may ask what the server offers. */
  readonly openReflection: boolean;
}

const IDENTITY_OF_STRANGERS: Identity = { caller: STRANGER };
const REFLECTION = /^grpc\.reflection\./;

/** Lets calls through to their handlers, and their requests be read, once it is known that their caller may make them. */
export class Guard implements Callers {
  readonly #options: GuardOptions;
  /** Of calls that were let through, by the very metadata that their handlers see. */
  readonly #identities = new WeakMap<Metadata, Identity>();

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  of(metadata: Metadata): Identity {
    return this.#identities.get(metadata) ?? IDENTITY_OF_STRANGERS;
  }

  /** Give it to the server. Refused calls end here: UNAUTHENTICATED, PERMISSION_DENIED with the scope missing, or UNAVAILABLE. */
  readonly interceptor: ServerInterceptor = ({ path }, call) => {
    const rpc = path.slice(1);
    if (this.#isOpen(rpc)) return call as ServerInterceptingCall;
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({ onReceiveMetadata: (metadata, admit) => this.#decide({ rpc, call, metadata, admit: () => admit(metadata) }) }),
    });
  };

  #isOpen(rpc: string): boolean {
    return ruleOf(rpc) === "open" || (this.#options.openReflection && REFLECTION.test(rpc));
  }

  /** Never rejects. At once where the caller is known already, which is nearly always. */
  #decide(arrived: Arrived): void | Promise<void> {
    try {
      const { authorization, certificate } = credentialOf(arrived.call as unknown as ProvingCall, arrived.metadata);
      const found = this.#options.authenticator.authenticate({ authorization, certificate });
      if (!(found instanceof Promise)) return this.#admit(arrived, found, authorization);
      return found.then((caller) => this.#admit(arrived, caller, authorization)).catch((error) => this.#refuse(arrived, error, STRANGER));
    } catch (error) {
      this.#refuse(arrived, error, STRANGER);
    }
  }

  #admit(arrived: Arrived, caller: Caller, authorization: string | undefined): void {
    try {
      requireAllowed(caller, arrived.rpc);
    } catch (error) {
      return this.#refuse(arrived, error, caller);
    }
    // A certificate's caller has no token of its own, even where one came that nobody asks for.
    const identity = caller.kind === "certificate" || authorization === undefined ? { caller } : { caller, authorization };
    this.#identities.set(arrived.metadata, identity);
    arrived.admit();
  }

  #refuse({ rpc, call, metadata }: Arrived, error: unknown, caller: Caller): void {
    const requestId = requestIdOf(metadata);
    trackOf({ call })?.attach({ requestId, caller });
    call.sendStatus(failureStatus(error, { method: rpc.slice(rpc.indexOf("/") + 1), requestId }, this.#options.log));
  }
}

/** A call whose headers have come. */
interface Arrived {
  /** Such as `chat.MessageService/CreateMessage`. */
  readonly rpc: string;
  readonly call: ServerInterceptingCallInterface;
  readonly metadata: Metadata;
  readonly admit: () => void;
}
