/** Shorter parts between commas are items of a list, not messages. */
const repeatedLengthMin = 20;

/**
 * A message in which each thing is said once. Argo CD writes one for each resource that failed, after a comma, and they
 * are often all alike. An ellipsis at the end stays: more was said.
 */
export function withoutRepeats(message: string): string {
  if (!message.includes(',')) return message;
  const isCut = message.endsWith('…');
  const kept: string[] = [];
  for (const part of (isCut ? message.slice(0, -1) : message).split(/,(?=\s?\p{L})/u)) {
    const text = part.trim();
    const isRepeat = text.length >= repeatedLengthMin && kept.some((other) => other.trim().startsWith(text));
    if (!isRepeat) kept.push(part);
  }
  return kept.join(',') + (isCut ? '…' : '');
}
