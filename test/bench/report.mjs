import { arch, availableParallelism, cpus, platform, totalmem } from 'node:os';

/** docs/benchmarks.md */
export function report(results) {
  return [
    '# Benchmarks',
    '',
    '<!-- Written by `npm run bench`. -->',
    '',
    'What is compared runs in turns with what it is compared to, on the same machine in the same run, and of each number the',
    'median of the rounds counts. A floor is the least work that could answer the same bytes: a bare `node:http` server that',
    'has them ready. The load comes from the same machine and takes its share of it, so ratios say more than rates. A bar',
    'that is missed stays here, with what the time went to.',
    '',
    ...table(
      ['What', 'Bar', 'Measured', ''],
      results.flatMap(({ rows }) =>
        rows.map(({ what, bar, measured, isMet }) => [what, bar, measured, isMet ? 'met' : '**MISSED**']),
      ),
    ),
    '',
    `Machine: ${machine()}.`,
    '',
    ...results.flatMap(section),
  ].join('\n');
}

function section({ title, about, tables = [], notes = [], profiles = [] }) {
  return [
    `## ${title}`,
    '',
    ...(about ? [...wrapped(about), ''] : []),
    ...tables.flatMap(({ header, rows }) => [...table(header, rows), '']),
    ...(notes.length > 0 ? [...notes.flatMap((note) => wrapped(`- ${note}`, '  ')), ''] : []),
    ...profiles.flatMap(({ what, functions }) => [
      ...wrapped(`Where the time went: ${what}.`),
      '',
      ...table(['Function', 'Self time'], functions),
      '',
    ]),
  ];
}

/** The first column is text, so is every column that has no digit in its first row. */
function table(header, rows) {
  const isNumber = (i) => i > 0 && /^[\d.,]+( \S+)?$/.test(rows[0]?.[i] ?? '');
  return [header, header.map((_, i) => (isNumber(i) ? '--:' : '---')), ...rows].map(
    (cells) => `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`,
  );
}

/** Lines of at most 120 characters. */
function wrapped(text, indent = '') {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last && last.length + word.length >= 120) lines.push(`${indent}${word}`);
    else lines[lines.length - 1] = last ? `${last} ${word}` : word;
  }
  return lines;
}

function machine() {
  const cores = availableParallelism();
  const model = cpus()[0]?.model.trim() || 'unknown processor';
  return `${cores} ${cores === 1 ? 'core' : 'cores'} of ${model}, ${Math.round(totalmem() / 2 ** 30)} GiB of memory, ${platform()} ${arch()}, Node ${process.versions.node}`;
}
