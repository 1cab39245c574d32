/** IP addresses as bytes. No names are looked up here. */

/** The 4 or 16 bytes of an IP address; undefined for anything else. */
export function ipBytes(text: string): Uint8Array | undefined {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) {
    const bytes = text.split(".").map(Number);
    return bytes.every((byte) => byte < 256) ? Uint8Array.from(bytes) : undefined;
  }
  if (!/^[0-9A-Fa-f:.]+$/.test(text) || !text.includes(":") || !URL.canParse(`http://[${text}]`)) return undefined;
  // A URL's host is the address in its one shortest form, hexadecimal throughout.
  const [head = "", tail] = new URL(`http://[${text}]`).hostname.slice(1, -1).split("::");
  const groups = (half: string | undefined) => half?.split(":").filter(Boolean) ?? [];
  const [left, right] = [groups(head), groups(tail)];
  const all = [...left, ...Array<string>(8 - left.length - right.length).fill("0"), ...right].map((group) => parseInt(group, 16));
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 255]));
}

/** The same, but an IPv4 address in IPv6 clothes (`::ffff:1.2.3.4`), as a socket that listens to both tells it, is one of 4 bytes. */
function plainBytes(text: string): Uint8Array | undefined {
  const bytes = ipBytes(text);
  return bytes?.length === 16 && bytes.toHex().startsWith("00000000000000000000ffff") ? bytes.subarray(12) : bytes;
}

/** A block of addresses, such as `10.0.0.0/8`. */
export interface IpBlock {
  readonly bytes: Uint8Array;
  readonly bits: number;
}

/** A block, or a single address; undefined for anything else. */
export function ipBlock(text: string): IpBlock | undefined {
  const [address = "", bits, ...rest] = text.split("/");
  const bytes = plainBytes(address);
  if (bytes === undefined || rest.length > 0) return undefined;
  if (bits === undefined) return { bytes, bits: bytes.length * 8 };
  return /^\d{1,3}$/.test(bits) && Number(bits) <= bytes.length * 8 ? { bytes, bits: Number(bits) } : undefined;
}

/** Whether the address is in one of the blocks. */
export function isInBlocks(address: string, blocks: readonly IpBlock[]): boolean {
  const bytes = blocks.length === 0 ? undefined : plainBytes(address);
  return bytes !== undefined && blocks.some((block) => isIn(bytes, block));
}

function isIn(address: Uint8Array, { bytes, bits }: IpBlock): boolean {
  if (address.length !== bytes.length) return false;
  return bytes.every((byte, at) => {
    const mask = 0xff00 >> Math.min(Math.max(bits - at * 8, 0), 8) & 0xff;
    return (byte & mask) === ((address[at] ?? 0) & mask);
  });
}

/** Names whoever holds an address: IPv4 as it is; of IPv6 the first 64 bits, because one customer has at least as many addresses as those leave. */
export function addressHolder(text: string): string {
  const bytes = text.includes(":") ? plainBytes(text) : undefined;
  if (bytes === undefined) return text;
  return bytes.length === 4 ? bytes.join(".") : `${bytes.subarray(0, 8).toHex()}::/64`;
}
