/** The first lines of a generated document. */
export const heading = (title, source) =>
  `# ${title}\n\n<!-- Written by \`npm run generate\` from ${source}. Change it there. -->\n`;

/** A table; `rows` are lists of cells. */
export function table(columns, rows) {
  const line = (cells) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(columns), `| ${columns.map(() => '---').join(' | ')} |`, ...rows.map(line)].join('\n');
}

export const code = (text) => `\`${text}\``;

function cell(value) {
  return String(value ?? '')
    .replace(/\s*\n\s*/g, ' ')
    .replaceAll('|', '\\|')
    .trim();
}

/** Replaces what stands between two markers of a document written by hand. */
export function between(text, marker, content) {
  const start = `<!-- ${marker}:start -->`;
  const end = `<!-- ${marker}:end -->`;
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`The markers ${start} and ${end} are missing.`);
  return `${text.slice(0, from + start.length)}\n${content}\n${text.slice(to)}`;
}
