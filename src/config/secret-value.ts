/** Bytes of a secret at most, wherever it comes from. */
export const secretBytesMax = 64 * 1024;

/**
 * The secret in what a variable, file or command held: trimmed. Returns a problem instead of a secret that is empty or
 * could not stand in one header line; with a line break inside, it would inject headers. The problem never quotes it.
 */
export function readSecret(text: string): { secret: string } | { problem: string } {
  if (text.length > secretBytesMax) return { problem: `holds more than ${secretBytesMax / 1024} KiB` };
  const secret = text.trim();
  if (secret === '') return { problem: 'is empty' };
  if (/[\r\n]/.test(secret)) return { problem: 'holds more than one line' };
  if (!/^[\x21-\x7e]+$/.test(secret)) return { problem: 'holds spaces or characters that no secret has' };
  return { secret };
}
