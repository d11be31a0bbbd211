import { parseLowerGlob, parsePartGlob, withLiterals, type LowerTest } from '../index/glob.js';

/*
 * Patterns that mean a little more than a glob over the whole text, because nobody writes the whole text. All are bounded
 * as globs are, upper and lower case are the same, and throw `invalid_input`.
 */

/**
 * An image by as much of its reference as one cares about. What stands before it may be left out up to a slash, and what
 * stands behind: the digest, or the tag and the digest. `nginx`, `nginx:1.2*`, `library/nginx` and
 * `docker.io/library/nginx:1.25.3` all match `docker.io/library/nginx:1.25.3@sha256:...`; `ngin` does not.
 * A digest can be given alone: `sha256:0a1b*`.
 */
export function imageTest(pattern: string): LowerTest {
  const { literals, matches } = parsePartGlob('image', pattern);
  // A star at the beginning or the end takes whatever could be left out there.
  const [isOpenBefore, isOpenBehind] = [pattern.startsWith('*'), pattern.endsWith('*')];
  return withLiterals(literals, (reference) => {
    const end = reference.length;
    const { digest, tag } = isOpenBehind ? { digest: end, tag: end } : endsOf(reference);
    for (let begin = 0; begin <= end;) {
      if (begin < end && matches(reference, begin, end)) return true;
      if (digest < end && begin < digest && matches(reference, begin, digest)) return true;
      if (tag < digest && begin < tag && matches(reference, begin, tag)) return true;
      const slash = isOpenBefore ? -1 : reference.indexOf('/', begin);
      if (slash < 0) break;
      begin = slash + 1;
    }
    const at = isOpenBefore ? -1 : reference.indexOf('@');
    return at >= 0 && matches(reference, at + 1, end);
  });
}

/** Where a reference may end before its end: before its digest, before its tag. */
function endsOf(reference: string): { digest: number; tag: number } {
  const at = reference.indexOf('@');
  const digest = at < 0 ? reference.length : at;
  const colon = reference.lastIndexOf(':', digest - 1);
  // A colon before a slash belongs to the port of the registry.
  return { digest, tag: colon > reference.lastIndexOf('/', digest - 1) ? colon : digest };
}

/** The beginning of a revision, such as a short hash; with `*` or `?` a glob over the whole. */
export function revisionTest(pattern: string): LowerTest {
  return parseLowerGlob('revision', /[*?]/.test(pattern) ? pattern : `${pattern}*`);
}

const withoutSuffix = (url: string): string => url.replace(/\/$/, '').replace(/\.git$/, '');

/** A glob over the address; a slash or `.git` at its end does not matter, as it does not to Git. */
export function repositoryTest(pattern: string): LowerTest {
  const matches = parseLowerGlob('repository', withoutSuffix(pattern.toLowerCase()));
  return withLiterals(matches.literals ?? [], (url) => matches(withoutSuffix(url)));
}

/** The two names of the Kubernetes cluster that Argo CD itself runs in. */
const inCluster = ['in-cluster', 'https://kubernetes.default.svc'] as const;

/** A glob over the address or the name of a destination. Argo CD's own cluster has both whichever is given. */
export function destinationTest(pattern: string): LowerTest {
  const matches = parseLowerGlob('destination', pattern);
  const isOwn = inCluster.some(matches);
  return (text) => matches(text) || (isOwn && (inCluster as readonly string[]).includes(text));
}
