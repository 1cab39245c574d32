const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * A room's subject: the prefix and the room's bytes in base64url. A room may hold dots, blanks, wildcards and control characters, which mean
 * something in a subject or are not allowed there.
 */
export function subjectOf(prefix: string, room: string): string {
  return `${prefix}.${new TextEncoder().encode(room).toBase64({ alphabet: "base64url", omitPadding: true })}`;
}

/** The room that a subject stands for; undefined for one that {@link subjectOf} does not make. */
export function roomOf(prefix: string, subject: string): string | undefined {
  if (!subject.startsWith(`${prefix}.`)) return undefined;
  try {
    const room = decoder.decode(Uint8Array.fromBase64(subject.slice(prefix.length + 1), { alphabet: "base64url" }));
    return subjectOf(prefix, room) === subject ? room : undefined;
  } catch {
    return undefined;
  }
}
