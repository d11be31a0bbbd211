import { closest, distance } from 'fastest-levenshtein';

/** ` Did you mean x?`, or nothing where no candidate is near enough to be a slip of the hand. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  if (candidates.length === 0 || word.length > 100) return '';
  const lower = word.toLowerCase();
  const best = closest(
    lower,
    candidates.map((candidate) => candidate.toLowerCase()),
  );
  const candidate = candidates.find((name) => name.toLowerCase() === best);
  const isNear = distance(lower, best) <= (word.length < 4 ? 1 : Math.max(2, Math.floor(word.length / 3)));
  return isNear && candidate !== undefined ? ` Did you mean ${candidate}?` : '';
}
