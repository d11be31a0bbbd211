/** Reads the text of an answer by nothing but the rules that `answerText` states, as a model would. */
export function readAnswer(text: string): Record<string, unknown> {
  if (text.startsWith('{')) return JSON.parse(text);
  const lines = text.split('\n');
  const output: Record<string, unknown> = {};
  while (lines.length > 1) {
    const line = lines.shift() as string;
    const table = /^(\w+) \((\d+) rows?(?:, each with (\{.*\}))?\):$/.exec(line);
    if (table) {
      const [, name, count, common = '{}'] = table;
      const columns = (lines.shift() as string).split('|');
      output[name as string] = lines.splice(0, Number(count)).map((row) => {
        const cells = row.split('|').map((cell, at) => [columns[at], cell] as const);
        const own = cells.filter(([, cell]) => cell !== '').map(([column, cell]) => [column, valueOf(cell)]);
        return { ...JSON.parse(common), ...Object.fromEntries(own) };
      });
      if (lines.shift() !== '') throw new Error(`after the rows of ${name} there is no empty line`);
    } else {
      const at = line.indexOf(': ');
      output[line.slice(0, at)] = valueOf(line.slice(at + 2));
    }
  }
  return output;
}

function valueOf(text: string): unknown {
  const isJson = /^["[{]/.test(text) || /^(-?\d.*|true|false|null)$/.test(text);
  try {
    return isJson ? JSON.parse(text) : text;
  } catch {
    return text;
  }
}
