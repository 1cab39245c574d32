import { invalidField } from "../../core/errors.ts";
import { ipBlock, ipBytes, isInBlocks } from "../../core/ip.ts";

/**
 * Addresses that stand for this machine, its neighbours or nobody: what a plugin may reach only by naming the number. Deno holds them also against what a
 * host's name resolves to, so that a name which suddenly means this machine leads nowhere.
 */
const PRIVATE_V4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "224.0.0.0/4",
  "240.0.0.0/4",
];
/** Deno takes no blocks of IPv6 yet, so of that only single addresses: this machine, and where clouds tell their secrets. Mapped IPv4 counts as IPv4. */
const PRIVATE_V6 = ["::", "::1", "fd00:ec2::254", "fd20:ce::254"];

/** By number they can be told from others, all of them. */
const PRIVATE = [...PRIVATE_V4, "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"]
  .flatMap((block) => ipBlock(block) ?? []);

const HOST = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?))(?::(\d{1,5}))?$/i;

/** The flags for the granted hosts. Throws `invalid_argument` for what is no host, because a flag would take it for something else. */
export function networkFlags(granted: readonly string[]): readonly string[] {
  if (granted.length === 0) return [];
  const numbers = granted.flatMap(privateNumber);
  const sixes = PRIVATE_V6.filter((address) => !numbers.some((bytes) => bytes.toHex() === ipBytes(address)?.toHex()));
  const denied = [...PRIVATE_V4.flatMap((block) => without(block, numbers)), ...sixes.map((address) => `[${address}]`)];
  return [`--allow-net=${granted.join(",")}`, `--deny-net=${denied.join(",")}`];
}

/** The bytes of a granted address that is private, which must come with a port: without one, Deno would let it listen there, too. */
function privateNumber(entry: string): Uint8Array[] {
  const [, six, name = "", port] = HOST.exec(entry) ?? [];
  const address = ipBlock(six ?? name)?.bytes;
  if (
    !HOST.test(entry) || (six !== undefined && address === undefined) || (address === undefined && isOddNumber(name)) ||
    Number(port) > 65_535
  ) {
    throw invalidField("granted.net", `must name hosts as host or host:port, got ${JSON.stringify(entry)}`);
  }
  if (address === undefined || !isInBlocks(six ?? name, PRIVATE)) return [];
  if (port === undefined) {
    throw invalidField(
      "granted.net",
      `must name the port of an address that is this machine's or its network's, got ${JSON.stringify(entry)}`,
    );
  }
  return [address];
}

/** Such as 2130706433 and 0x7f.1, which are other spellings of 127.0.0.1. */
function isOddNumber(name: string): boolean {
  return !URL.canParse(`http://${name}`) || ipBytes(new URL(`http://${name}`).hostname) !== undefined;
}

/** A block less single addresses, as blocks: halves of halves, down to what is left out. */
function without(block: string, addresses: readonly Uint8Array[]): readonly string[] {
  const [base = "", length = ""] = block.split("/");
  const bytes = ipBytes(base);
  return bytes === undefined ? [] : split(bytes, Number(length), addresses);
}

function split(base: Uint8Array, bits: number, addresses: readonly Uint8Array[]): readonly string[] {
  const inside = addresses.filter((address) => sharesBits(address, base, bits));
  if (inside.length === 0) return [`${base.join(".")}/${bits}`];
  if (bits === base.length * 8) return [];
  const upper = base.slice();
  upper[bits >> 3] = (upper[bits >> 3] ?? 0) | (0x80 >> (bits & 7));
  return [...split(base, bits + 1, inside), ...split(upper, bits + 1, inside)];
}

function sharesBits(left: Uint8Array, right: Uint8Array, bits: number): boolean {
  if (left.length !== right.length) return false;
  for (let at = 0; at < bits; at++) {
    if ((((left[at >> 3] ?? 0) ^ (right[at >> 3] ?? 0)) >> (7 - (at & 7)) & 1) === 1) return false;
  }
  return true;
}
