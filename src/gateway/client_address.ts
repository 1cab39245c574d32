import type { Context } from "hono";
import { type IpBlock, ipBytes, isInBlocks } from "../core/ip.ts";
import type { GatewayEnv } from "./context.ts";

/**
 * The address that a request comes from; empty: not known. Behind proxies that are trusted it is the last address in `X-Forwarded-For` that is none of
 * theirs: what stands before it anybody may have written.
 */
export function clientAddress(c: Context<GatewayEnv>, trusted: readonly IpBlock[]): string {
  const { remoteAddr } = (c.env ?? {}) as { readonly remoteAddr?: Deno.Addr };
  const peer = remoteAddr?.transport === "tcp" ? remoteAddr.hostname : "";
  if (!isInBlocks(peer, trusted)) return peer;
  const hops = c.req.header("x-forwarded-for")?.split(",").map((hop) => hop.trim()) ?? [];
  const client = hops.findLast((hop) => !isInBlocks(hop, trusted));
  return client !== undefined && ipBytes(client) !== undefined ? client : peer;
}
