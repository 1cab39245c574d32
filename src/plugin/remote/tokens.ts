import { createHash } from "node:crypto";
import type { CapabilityResponse, PluginHostService, TokenCapabilityRequest } from "../../contracts/mod.ts";
import { ChatError } from "../../core/errors.ts";
import type { PluginHost } from "../runner.ts";

const TOKEN_BYTES = 32;
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** A token in force. */
export interface CallToken extends Disposable {
  /** Secret. */
  readonly token: string;
}

/** The calls that plugins elsewhere work on now, by the tokens that prove them. They live in this process, which has made the calls. */
export class CallTokens implements PluginHostService {
  /** By digest: how long it takes to find one says nothing about tokens. */
  readonly #hosts = new Map<string, PluginHost>();

  /** Calls under way. */
  get size(): number {
    return this.#hosts.size;
  }

  /** Makes a token for one call; its disposal ends it. */
  open(host: PluginHost): CallToken {
    const token = crypto.getRandomValues(new Uint8Array(TOKEN_BYTES)).toBase64({ alphabet: "base64url", omitPadding: true });
    const digest = digestOf(token);
    this.#hosts.set(digest, host);
    return { token, [Symbol.dispose]: () => void this.#hosts.delete(digest) };
  }

  async useCapability({ token, ...request }: TokenCapabilityRequest): Promise<CapabilityResponse> {
    const host = TOKEN.test(token) ? this.#hosts.get(digestOf(token)) : undefined;
    if (host === undefined) {
      throw new ChatError("unauthenticated", "The token belongs to no call that this server has under way", { field: "token" });
    }
    return await host.use(request);
  }
}

function digestOf(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}
