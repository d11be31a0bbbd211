type Fields = Record<string, unknown>;

/**
 * An answer as text for a model, which MCP sends beside the structured content and some clients show alone. It says all
 * that the JSON says, in little more than half of its tokens: names of fields stand once above a list, not in each row.
 *
 * - A list of objects is a table: `name (3 rows, each with {"cluster":"eu"}):`, a line of column names, a line for each
 *   row, an empty line. What all rows have in common stands in the first line alone. An empty cell: the row has no such field.
 * - Any other field is a line `name: value`.
 * - A value that begins with `"`, `[` or `{`, or that is a number, true, false or null, is JSON; any other is a text as it
 *   is. Texts that could be taken for something else, or hold `|` or a line break, are JSON.
 *
 * An answer without a table is its JSON.
 */
export function answerText({ output, json }: { output: Fields; json: string }): string {
  const fields = Object.entries(output);
  if (!fields.some(([, value]) => isTable(value))) return json;
  return fields
    .map(([name, value]) => (isTable(value) ? tableOf(name, value) : `${name}: ${valueOf(value)}\n`))
    .join('');
}

function tableOf(name: string, rows: readonly Fields[]): string {
  const columns = [...new Set(rows.flatMap(Object.keys))];
  const cells = rows.map((row) => columns.map((column) => (Object.hasOwn(row, column) ? valueOf(row[column]) : '')));
  const [first = []] = cells;
  const isCommon = columns.map(
    (_, at) => rows.length > 1 && first[at] !== '' && cells.every((row) => row[at] === first[at]),
  );
  const common = Object.fromEntries(
    columns.filter((_, at) => isCommon[at]).map((column) => [column, rows[0]?.[column]]),
  );
  const each = Object.keys(common).length > 0 ? `, each with ${valueOf(common)}` : '';
  const heading = `${name} (${rows.length} ${rows.length === 1 ? 'row' : 'rows'}${each}):\n`;
  const lines = [columns, ...cells].map((line) => line.filter((_, at) => !isCommon[at]).join('|'));
  return `${heading}${lines.join('\n')}\n\n`;
}

/** Empty for nothing but an absent value. */
function valueOf(value: unknown): string {
  if (typeof value === 'string' && isPlain(value)) return value;
  return JSON.stringify(value).replace(breaking, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** What would end a cell or a line; JSON lets it stand. */
const breaking = /[|\u007f-\u009f\u2028\u2029]/g;
const plain = /^[^\s"[{|\p{Cc}\u2028\u2029](?:[^|\p{Cc}\u2028\u2029]*[^\s|\p{Cc}\u2028\u2029])?$/u;
const jsonWord = /^(?:-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|true|false|null)$/i;

/** A text that reads as itself. */
const isPlain = (text: string): boolean => plain.test(text) && !jsonWord.test(text);

const isTable = (value: unknown): value is readonly Fields[] =>
  Array.isArray(value) && value.length > 0 && value.every(isFields);

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
