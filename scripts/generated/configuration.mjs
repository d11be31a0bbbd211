import { fromDist } from './from-dist.mjs';
import { code, heading, table } from './markdown.mjs';

const introduction = `
The configuration is one YAML file. It is checked as a whole before anything starts: all mistakes are told at once, with
their place and, for an unknown key, what may have been meant. \`argocd-fleet-mcp check --config FILE\` does that and then tries
every cluster. An editor completes the file with [argocd-fleet.schema.json](../config/argocd-fleet.schema.json).

\`\`\`yaml
# yaml-language-server: $schema=argocd-fleet.schema.json
server: { host: 127.0.0.1, port: 8090 }
redis: { cache: { env: REDIS_URL }, queue: { env: REDIS_URL } }
defaults: { limits: { timeoutMs: 10000 } }
clusters:
  - name: eu-prod
    url: https://argocd.eu.example.com/argocd
    labels: { env: prod, region: eu }
    token: { file: /run/secrets/eu-prod }
\`\`\`

Secrets do not stand in the file, only where they come from: an environment variable (\`{env: NAME}\`), a file
(\`{file: PATH}\`, read again when it changes) or, for tokens, a program (\`{command: [PROGRAM, ARGUMENT]}\`, without a shell).
A change of this file, of a token file or of a certificate counts while the server runs: it is noticed by itself (also
behind the link that Kubernetes swaps for a mounted ConfigMap or Secret), or send SIGHUP. A file with a mistake is refused as a
whole and the one before it stays. \`Changes\`: \`running\` counts at once, \`restart\` waits for the next start and is told in the log
and by \`config_restart_needed\`. A changed \`url\` is another cluster: its rows and what was kept of it are dropped. See
[ADR 0015](adr/0015-configuration-reload.md).

Without any configuration file the environment of mcp-for-argocd is read; see the [README](../README.md#coming-from-mcp-for-argocd).
`;

/** docs/configuration.md and the JSON schema that editors use. */
export async function configurationDocuments() {
  const configTable = await fromDist('config/config-table.js', 'configTable');
  const configJsonSchema = await fromDist('config/json-schema.js', 'configJsonSchema');
  const bootValues = await fromDist('config/boot-values.js', 'bootValues');
  const rows = configTable().map((row) => [
    code(row.path),
    row.type,
    row.default === 'required' || row.default === '' ? row.default : code(row.default),
    row.description,
    row.type === 'block' || row.type === 'list of blocks' ? '' : bootValues.includes(row.path) ? 'restart' : 'running',
  ]);
  const document = [
    heading('Configuration', 'src/config'),
    introduction.trim(),
    '',
    table(['Key', 'Type', 'Default', 'Meaning', 'Changes'], rows),
    '',
  ].join('\n');
  return {
    'docs/configuration.md': document,
    'config/argocd-fleet.schema.json': `${JSON.stringify(configJsonSchema(), null, 2)}\n`,
  };
}
