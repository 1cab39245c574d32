import { isIP } from "node:net";

/** The 4 or 16 bytes of an IP address; undefined for anything else. */
export function ipBytes(text: string): Uint8Array | undefined {
  const version = isIP(text);
  if (version === 0 || text.includes("%")) return undefined;
  if (version === 4) return Uint8Array.from(text.split(".").map(Number));
  // A URL's host is the address in its one shortest form, hexadecimal throughout.
  const [head = "", tail] = new URL(`http://[${text}]`).hostname.slice(1, -1).split("::").map((half) => half.split(":").filter(Boolean));
  const [left, right] = [head as readonly string[], tail ?? []];
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill("0"), ...right];
  return Uint8Array.from(groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 255]));
}
