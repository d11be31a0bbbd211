import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { root } from '../root.mjs';
import { fromDist } from './from-dist.mjs';
import { inWords } from './json-schema.mjs';
import { between, code, heading, table } from './markdown.mjs';

const effects = {
  read: 'Reads only.',
  change: 'Changes something that can be changed back or repeated.',
  destroy: 'Destroys something that cannot be brought back.',
};

/** docs/tools.md, and the table of tools in the README. */
export async function toolDocuments() {
  const catalog = await fromDist('tools/catalog/index.js', 'catalog');
  const bytesDefault = await fromDist('tools/budget.js', 'answerBytesDefault');
  const bytesMax = await fromDist('tools/budget.js', 'answerBytesMax');
  const toolsets = [...new Set(catalog.map((tool) => tool.toolset))];
  const budget =
    `An answer has at most ${bytesMax} bytes of JSON; a list of which the caller did not say how many items it wants ` +
    `has at most ${bytesDefault}. A shorter page carries \`nextCursor\`, so what was left out is counted and within reach.`;
  const document = [
    heading('Tools', 'src/tools/catalog'),
    'Each tool is served over MCP under its name and over REST under its route, with the same arguments, answers and',
    'errors ([errors.md](errors.md)). A route stands under `/api/v1`; arguments that are not in its path go into the query',
    '(GET, DELETE) or into a JSON body (POST, PATCH). The schemas of the answers are in [openapi.json](openapi.json).',
    '',
    budget,
    ...toolsets.map(
      (toolset) =>
        `\n## ${capital(toolset)}\n\n${catalog
          .filter((t) => t.toolset === toolset)
          .map(section)
          .join('\n\n')}`,
    ),
    '',
  ].join('\n');
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  return { 'docs/tools.md': document, 'README.md': between(readme, 'tools', overview(catalog)) };
}

function overview(catalog) {
  const rows = catalog.map((tool) => [code(tool.name), code(restRoute(tool)), firstSentence(tool.description)]);
  return `\n<!-- prettier-ignore-start -->\n${table(['Tool', 'REST', 'What it does'], rows)}\n<!-- prettier-ignore-end -->\n`;
}

function section(tool) {
  const { properties = {}, required = [] } = z.toJSONSchema(tool.input, { io: 'input' });
  const rows = Object.entries(properties).map(([name, schema]) => [
    code(name),
    inWords(schema),
    required.includes(name) ? 'required' : schema.default === undefined ? '' : code(JSON.stringify(schema.default)),
    schema.description,
  ]);
  const facts = [
    code(restRoute(tool)),
    effects[tool.effect],
    tool.idempotent ? 'The same call again changes nothing more.' : '',
  ];
  if (tool.startsJob) facts.push('Starts a job: REST answers 202 with `Location` and `Retry-After`.');
  return [
    `### ${tool.name}`,
    '',
    tool.description,
    '',
    facts.filter(Boolean).join(' · '),
    '',
    rows.length > 0 ? table(['Argument', 'Type', 'Default', 'Meaning'], rows) : 'No arguments.',
    '',
    `Answer: ${Object.keys(tool.output.shape).map(code).join(', ')}.`,
  ].join('\n');
}

const restRoute = (tool) => tool.route.replace(' /', ' /api/v1/');
const firstSentence = (text) => text.split(/(?<=\.)\s+(?=[A-Z])/)[0];
const capital = (text) => text[0].toUpperCase() + text.slice(1);
