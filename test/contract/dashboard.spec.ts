import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { feedStates } from '../../src/fleet/feed/feed.js';
import { Metrics } from '../../src/telemetry/metrics.js';

/** Words of PromQL that stand where a metric could. */
const words = new Set(
  'sum min max avg count rate increase histogram_quantile by without or and unless vector time le label_values'.split(
    ' ',
  ),
);

const metrics = new Map(new Metrics({ process: true }).list().map((metric) => [metric.name, metric]));

/** Metrics that an expression asks for, each with the labels that it names. */
function askedIn(expr: string): { metric: string; labels: string[] }[] {
  const grouped = [...expr.matchAll(/\b(?:by|without)\s*\(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(','));
  const plain = expr.replace(/\b(?:by|without)\s*\([^)]*\)/g, ' ').replace(/"[^"]*"/g, '""');
  return [...plain.matchAll(/([a-zA-Z_:][\w:]*)\s*(\{[^}]*\})?/g)].flatMap(([, metric = '', matchers = '']) => {
    if (words.has(metric) || /^\d|^[smhd]$/.test(metric)) return [];
    const matched = [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label);
    return [{ metric, labels: [...matched, ...grouped.map((label) => label.trim())] }];
  });
}

function problemsOf(expr: string): string[] {
  const asked = askedIn(expr.replace(/\[\d+[smhd]\]/g, ''));
  if (asked.length === 0) return [`${expr}: asks for no metric`];
  return asked.flatMap(({ metric, labels }) => {
    const [, base = metric, part] = /^(.*)_(bucket|sum|count)$/.exec(metric) ?? [];
    const found =
      metrics.get(metric) ?? (part && metrics.get(base)?.type === 'histogram' ? metrics.get(base) : undefined);
    if (!found) return [`${metric} is no metric`];
    const known = [...found.labels, ...(part === 'bucket' ? ['le'] : [])];
    return labels.filter((label) => !known.includes(label)).map((label) => `${metric} has no label ${label}`);
  });
}

const dashboard = JSON.parse(readFileSync('charts/grafana/argocd-fleet-mcp.json', 'utf8')) as any;
const rules = parse(readFileSync('charts/grafana/alerts.yaml', 'utf8')) as any;

describe('what is shipped for Grafana and Prometheus', () => {
  it('the check finds a metric and a label that do not exist', () => {
    expect(problemsOf('sum by (tool) (rate(tool_duration_seconds_count{outcome!="ok"}[5m]))')).toEqual([]);
    expect(problemsOf('rate(tool_duration_seconds_total[5m])')).toEqual(['tool_duration_seconds_total is no metric']);
    expect(problemsOf('sum by (namespace) (fleet_applications)')).toEqual([
      'fleet_applications has no label namespace',
    ]);
    expect(problemsOf('jobs_total{phase="x"}')).toEqual(['jobs_total has no label phase']);
    expect(problemsOf('jobs_total_bucket')).toEqual(['jobs_total_bucket is no metric']);
  });

  it('every panel asks only for metrics and labels that exist', () => {
    const exprs = dashboard.panels.flatMap((panel: any) => panel.targets.map((target: any) => target.expr as string));
    expect(exprs.length).toBeGreaterThan(15);
    expect(exprs.flatMap(problemsOf)).toEqual([]);
  });

  it('every alert asks only for metrics and labels that exist', () => {
    const exprs = rules.groups.flatMap((group: any) => group.rules.map((rule: any) => rule.expr as string));
    expect(exprs.length).toBeGreaterThan(4);
    expect(exprs.flatMap(problemsOf)).toEqual([]);
  });

  it('every state of a feed that is not well has an alert, and one that the runbook names; no alert asks for another', () => {
    const all = rules.groups.flatMap((group: any) => group.rules as any[]);
    const asked = all.flatMap(({ expr }: { expr: string }) => {
      const [, states] = /fleet_feed_state\{state=~?"([^"]*)"\}/.exec(expr) ?? [];
      return states?.split('|') ?? [];
    });
    const well = ['idle', 'seeding', 'live'];
    expect(asked.sort()).toEqual(feedStates.filter((state) => !well.includes(state)).sort());
    const runbook = readFileSync('docs/runbook.md', 'utf8');
    expect(all.filter(({ alert }: { alert: string }) => !runbook.includes(`\`${alert}\``))).toEqual([]);
  });

  it('the data source can be chosen, and no two panels have the same place or id', () => {
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(36);
    expect(dashboard.templating.list[0]).toMatchObject({ type: 'datasource', query: 'prometheus' });
    for (const panel of dashboard.panels) expect(panel.datasource.uid).toBe('${datasource}');
    const unique = (of: (panel: any) => string): number => new Set(dashboard.panels.map(of)).size;
    expect(unique(({ id }) => String(id))).toBe(dashboard.panels.length);
    expect(unique(({ gridPos: { x, y } }) => `${x}/${y}`)).toBe(dashboard.panels.length);
  });

  it('no metric has a label that grows with applications or callers', () => {
    const allowed =
      'cluster project health sync state role tool outcome endpoint kind result hash type ending version'.split(' ');
    const own = [...metrics.values()].filter(({ name }) => !/^(nodejs|process)_/.test(name));
    for (const { name, labels } of own) expect([name, labels.filter((l) => !allowed.includes(l))]).toEqual([name, []]);
  });
});
