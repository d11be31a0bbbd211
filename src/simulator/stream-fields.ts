/**
 * The generic `fields` filter of streams, managed resources and project lists: paths from the root of the frame, arrays
 * transparent, a path kept as soon as it is the beginning (as a text) of one that was asked for. A leading `-` excludes.
 * The result's keys are sorted, as Go writes maps. Mirrors argoproj/pkg grpc/http/forwarders.go.
 */
export function fieldFilter(query: string): (frame: unknown) => unknown {
  const isExclude = query.startsWith('-');
  const fields = new Set((isExclude ? query.slice(1) : query).split(','));
  const begins = [...fields];

  const pick = (path: string, value: unknown): unknown => {
    if (Array.isArray(value)) return value.map((item) => pick(path, item));
    if (typeof value !== 'object' || value === null) return value;
    const kept: Record<string, unknown> = {};
    for (const key of Object.keys(value).sort()) {
      const part = (value as Record<string, unknown>)[key];
      if (part === undefined) continue;
      const here = path === '' ? key : `${path}.${key}`;
      const isNamed = fields.has(here);
      if (isExclude ? isNamed : !isNamed && !begins.some((field) => field.startsWith(here))) continue;
      kept[key] = isNamed ? sortAll(part) : pick(here, part);
    }
    return kept;
  };
  return (frame) => pick('', frame);
}

function sortAll(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortAll);
  if (typeof value !== 'object' || value === null) return value;
  const sorted: Record<string, unknown> = {};
  for (const key of Object.keys(value).sort()) {
    const part = (value as Record<string, unknown>)[key];
    if (part !== undefined) sorted[key] = sortAll(part);
  }
  return sorted;
}
