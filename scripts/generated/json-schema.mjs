/** Says in a few words what a JSON schema allows: `string, 1-253 characters`, `integer, 1-200`, `"a" or "b"`. */
export function inWords(schema) {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(', ');
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.map(inWords).join(' or ');
  if (schema.type === 'array') return `list of ${inWords(schema.items ?? {})}`;
  if (schema.type === 'object') return 'object';
  if (!schema.type) return 'anything';
  const range = span(schema.minimum, schema.maximum) ?? span(schema.minLength, schema.maxLength);
  const unit = schema.type === 'string' && range ? ' characters' : '';
  return `${schema.type}${range ? `, ${range}${unit}` : ''}`;
}

function span(from, to) {
  if (isAbsent(from) && isAbsent(to)) return undefined;
  if (isAbsent(to)) return `at least ${from}`;
  return isAbsent(from) ? `at most ${to}` : `${from} to ${to}`;
}

/** Zod writes the range of safe integers into every integer; that tells a reader nothing. */
const isAbsent = (limit) => limit === undefined || Math.abs(limit) === Number.MAX_SAFE_INTEGER;
