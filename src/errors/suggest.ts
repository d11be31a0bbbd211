import { distance } from 'fastest-levenshtein';

const suggestionsMax = 3;
/** Longer names are no slip of the hand, and comparing them is costly. */
const nameLengthMax = 100;

/** Names close to the one given, closest first; at most three. Looks at no more than 20,000 candidates. */
export function suggest(name: string, candidates: Iterable<string>): string[] {
  if (name.length > nameLengthMax) return [];
  const wanted = name.toLowerCase();
  const editsMax = wanted.length < 4 ? 1 : Math.max(2, Math.floor(wanted.length / 3));
  const scored: { candidate: string; score: number }[] = [];
  let looked = 0;
  for (const candidate of new Set(candidates)) {
    if (++looked > 20_000) break;
    const lower = candidate.toLowerCase();
    const contained = wanted.length >= 3 && (lower.includes(wanted) || wanted.includes(lower));
    const score = contained || isSwap(wanted, lower) ? 1 : distance(wanted, lower);
    if (score <= editsMax) scored.push({ candidate, score });
  }
  scored.sort((a, b) => a.score - b.score || a.candidate.localeCompare(b.candidate));
  return scored.slice(0, suggestionsMax).map(({ candidate }) => candidate);
}

/** Two neighbouring letters in the wrong order: one slip of the hand, though two edits. */
function isSwap(a: string, b: string): boolean {
  if (a.length !== b.length || a === b) return false;
  let i = 0;
  while (a[i] === b[i]) i++;
  return a[i] === b[i + 1] && a[i + 1] === b[i] && a.slice(i + 2) === b.slice(i + 2);
}

/** ` Did you mean a, b or c?`, or nothing. */
export function didYouMean(suggestions: readonly string[]): string {
  if (suggestions.length === 0) return '';
  const last = suggestions.at(-1);
  const text = suggestions.length === 1 ? last : `${suggestions.slice(0, -1).join(', ')} or ${last}`;
  return ` Did you mean ${text}?`;
}
