import { fromDist } from './from-dist.mjs';
import { code, heading, table } from './markdown.mjs';

const introduction = `
\`GET /metrics\` serves them in the text format of Prometheus. They name every cluster, so a key that is limited to some
clusters may not read them. No label holds an application or a caller. A dashboard and alert rules that ask for nothing else
stand in [charts/grafana](../charts/grafana). Times are in seconds.
`;

/** docs/metrics.md */
export async function metricDocuments() {
  const Metrics = await fromDist('telemetry/metrics.js', 'Metrics');
  const all = new Metrics({ process: true }).list();
  const isOurs = ({ name }) => !/^(process|nodejs)_/.test(name);
  const rows = (metrics) =>
    metrics
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, type, labels, help }) => [code(name), type, labels.map(code).join(', '), help]);
  const columns = ['Metric', 'Type', 'Labels', 'Meaning'];
  const document = [
    heading('Metrics', 'src/telemetry'),
    introduction.trim(),
    '',
    table(columns, rows(all.filter(isOurs))),
    '',
    '## Of the process',
    '',
    table(columns, rows(all.filter((metric) => !isOurs(metric)))),
    '',
  ].join('\n');
  return { 'docs/metrics.md': document };
}
