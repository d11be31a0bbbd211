/** A Kubernetes label selector. Throws `Error` with Kubernetes' own wording. */
export function parseSelector(text: string): (labels: Record<string, string>) => boolean {
  const trimmed = text.trim();
  if (trimmed === '') return () => true;
  const checks = split(trimmed).map(parseRequirement);
  return (labels) => checks.every((check) => check(labels));
}

function split(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let current = '';
  for (const char of text) {
    if (char === '(') depth += 1;
    if (char === ')') depth -= 1;
    if (char === ',' && depth === 0) {
      parts.push(current);
      current = '';
    } else current += char;
  }
  return [...parts, current];
}

function parseRequirement(text: string): (labels: Record<string, string>) => boolean {
  const requirement = text.trim();
  const set = /^([\w./-]+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(requirement);
  if (set) {
    const [, key = '', operator, list = ''] = set;
    const values = new Set(list.split(',').map((value) => value.trim()));
    return (labels) => (labels[key] !== undefined && values.has(labels[key])) === (operator === 'in');
  }
  const equal = /^([\w./-]+)\s*(==|=|!=)\s*([\w.-]*)$/.exec(requirement);
  if (equal) {
    const [, key = '', operator, value] = equal;
    return (labels) => (labels[key] === value) === (operator !== '!=');
  }
  const exists = /^(!?)\s*([\w./-]+)$/.exec(requirement);
  if (exists) {
    const [, not, key = ''] = exists;
    return (labels) => (labels[key] !== undefined) === (not === '');
  }
  const rest = /^[\w./-]*\s*(?:==|=|!=)\s*(.)/.exec(requirement);
  if (rest) throw new Error(`unable to parse requirement: found '${rest[1]}', expected: identifier`);
  throw new Error(
    `unable to parse requirement: found '${requirement.replace(/^[\w./-]*\s*/, '')}', expected: in, notin, =, ==, !=, gt, lt`,
  );
}
