import { fromDist } from './from-dist.mjs';
import { code, heading, table } from './markdown.mjs';

/** docs/configuration.md and the JSON schema that editors use. */
export async function configurationDocuments() {
  const configTable = await fromDist('config/config-table.js', 'configTable');
  const configJsonSchema = await fromDist('config/config-table.js', 'configJsonSchema');
  return {
    'docs/configuration.md':
      heading('Configuration', 'src/config') +
      '\n' +
      table(
        ['Key', 'Type', 'Default', 'Meaning'],
        configTable().map((row) => [code(row.path), row.type, row.default, row.description]),
      ) +
      '\n',
    'config/argocd-fleet.schema.json': `${JSON.stringify(configJsonSchema(), null, 2)}\n`,
  };
}
