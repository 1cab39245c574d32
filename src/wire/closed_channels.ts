/**
 * Lets the connections of a closed channel rest. grpc-js leaves a channel that was closed while it had no connection with timers: the one of the
 * next attempt, for up to the longest backoff, which then makes that attempt and starts the next timer; and the quarter of a second
 * after which a connection that is slow to come would be joined by another. They hold no process, but a program that has closed its client goes on
 * to knock at an address, and whoever counts timers finds them. So: what nobody holds any more makes no connection and keeps no timer.
 *
 * @module
 */
import { PickFirstLoadBalancer } from "@grpc/grpc-js/build/src/load-balancer-pick-first.js";
import { Subchannel } from "@grpc/grpc-js/build/src/subchannel.js";
import { connectivityState } from "@grpc/grpc-js";
import { clearTimeout } from "node:timers";

const INSTALLED = Symbol.for("chat.closed_channels");

/** What grpc-js keeps of one address: private there, so its tests tell when it has moved. */
interface Connection {
  readonly refcount: number;
  readonly backoffTimeout: { stop(): void };
  transitionToState(from: readonly connectivityState[], to: connectivityState, message?: string): boolean;
  unref(): void;
}

/** What tries one address after the other. */
interface Attempts {
  readonly connectionDelayTimeout: NodeJS.Timeout;
  destroy(): void;
}

/** Lets every channel that is closed from now on rest; idempotent. Importing this module has done it already. */
export function installRestOfClosedChannels(): void {
  const connection = Subchannel.prototype as unknown as Connection & { [INSTALLED]?: true };
  if (connection[INSTALLED]) return;
  connection[INSTALLED] = true;
  const { transitionToState, unref } = connection;
  connection.transitionToState = function (from, to, message) {
    if (to === connectivityState.CONNECTING && this.refcount === 0) return false;
    return transitionToState.call(this, from, to, message);
  };
  connection.unref = function () {
    unref.call(this);
    if (this.refcount === 0) this.backoffTimeout.stop();
  };
  const attempts = PickFirstLoadBalancer.prototype as unknown as Attempts;
  const { destroy } = attempts;
  attempts.destroy = function () {
    destroy.call(this);
    clearTimeout(this.connectionDelayTimeout);
  };
}

installRestOfClosedChannels();
