import type { CreateMessageRequest, Message } from "../../src/contracts/mod.ts";
import type { CallContext } from "../../src/core/context.ts";
import { abortError, ChatError, type ErrorCode } from "../../src/core/errors.ts";
import { MemoryMessageService } from "../support/memory_message_service.ts";

/**
 * A message service that does what a test's request asks it to in `messageType`: `fail:<code>` with the content as its text, `sleep` until the
 * call is over, `size:<count>` answers so much content; anything else is stored.
 */
export class InteropMessageService extends MemoryMessageService {
  /** Why calls that slept were woken, newest last. */
  readonly woken: ChatError[] = [];
  /** Calls that have slept so far. */
  sleeping = 0;

  override async createMessage(request: CreateMessageRequest, context: CallContext): Promise<Message> {
    const [kind, argument = ""] = (request.messageType ?? "").split(":");
    if (kind === "fail") throw new ChatError(argument as ErrorCode, request.content, { field: "content" });
    if (kind === "sleep") await this.#sleep(context.signal);
    const message = await super.createMessage(request, context);
    return kind === "size" ? { ...message, content: request.content.charAt(0).repeat(Number(argument)) } : message;
  }

  async #sleep(signal: AbortSignal): Promise<never> {
    this.sleeping++;
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    const reason = abortError(signal);
    this.woken.push(reason);
    throw reason;
  }
}
