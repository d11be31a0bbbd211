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

/** What a template variable asks a data source for: the values of a label, or what an expression gives. */
function problemsOfVariable(query: string): string[] {
  const [, expr, label] = /^label_values\((?:(.+),)?\s*(\w+)\s*\)$/.exec(query) ?? [];
  if (expr && label) return problemsOf(`max by (${label}) (${expr})`);
  const [, result] = /^query_result\((.+)\)$/.exec(query) ?? [];
  return result ? problemsOf(result) : [`${query}: names no metric`];
}

/** All panels, those inside rows and other panels too. */
const panelsOf = (holder: any): any[] => (holder.panels ?? []).flatMap((panel: any) => [panel, ...panelsOf(panel)]);

const exprsOf = (holder: any): string[] =>
  panelsOf(holder).flatMap(({ targets = [] }) => targets.map((target: any) => target.expr as string));

const variablesOf = (holder: any): string[] =>
  holder.templating.list
    .filter(({ type }: any) => type === 'query')
    .flatMap(({ query, definition }: any) => [typeof query === 'string' ? query : query.query, definition]);

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

  it('the check finds them in a template variable and in a panel inside a panel too', () => {
    expect(problemsOfVariable('label_values(fleet_feed_state{state="live"}, cluster)')).toEqual([]);
    expect(problemsOfVariable('query_result(sum(jobs_total))')).toEqual([]);
    expect(problemsOfVariable('label_values(fleet_feed_state, project)')).toEqual([
      'fleet_feed_state has no label project',
    ]);
    expect(problemsOfVariable('label_values(fleet_feeds, cluster)')).toEqual(['fleet_feeds is no metric']);
    expect(problemsOfVariable('label_values(cluster)')).toEqual(['label_values(cluster): names no metric']);
    const row = { panels: [{ type: 'row', panels: [{ targets: [{ expr: 'a' }] }] }, { targets: [{ expr: 'b' }] }] };
    expect(exprsOf(row)).toEqual(['a', 'b']);
    const list = [{ type: 'datasource' }, { type: 'query', query: { query: 'a' }, definition: 'b' }];
    expect(variablesOf({ templating: { list } })).toEqual(['a', 'b']);
  });

  it('every panel and every template variable asks only for metrics and labels that exist', () => {
    const exprs = exprsOf(dashboard);
    expect(exprs.length).toBeGreaterThan(15);
    expect(exprs.flatMap(problemsOf)).toEqual([]);
    const variables = variablesOf(dashboard);
    expect(variables.length).toBeGreaterThan(0);
    expect(variables.flatMap(problemsOfVariable)).toEqual([]);
  });

  it('every alert asks only for metrics and labels that exist', () => {
    const exprs = rules.groups.flatMap((group: any) => group.rules.map((rule: any) => rule.expr as string));
    expect(exprs.length).toBeGreaterThan(4);
    expect(exprs.flatMap(problemsOf)).toEqual([]);
  });

  it('every state of a feed that is not well has an alert, and one that the runbook names; no alert asks for another', () => {
    const all = rules.groups.flatMap((group: any) => group.rules as any[]);
    const asked = all.flatMap(({ expr }: { expr: string }) => {
      // What stands behind `unless` is told of by another alert.
      const [, states] = /fleet_feed_state\{state=~?"([^"]*)"\}/.exec(expr.split(' unless ')[0] ?? '') ?? [];
      return states?.split('|') ?? [];
    });
    const well = ['idle', 'live'];
    expect(asked.sort()).toEqual(feedStates.filter((state) => !well.includes(state)).sort());
    const runbook = readFileSync('docs/runbook.md', 'utf8');
    expect(all.filter(({ alert }: { alert: string }) => !runbook.includes(`\`${alert}\``))).toEqual([]);
  });

  it('the data source can be chosen, and no two panels have the same place or id', () => {
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(36);
    expect(dashboard.templating.list[0]).toMatchObject({ type: 'datasource', query: 'prometheus' });
    const panels = panelsOf(dashboard);
    for (const { type, datasource } of panels) if (type !== 'row') expect(datasource.uid).toBe('${datasource}');
    const unique = (of: (panel: any) => string): number => new Set(panels.map(of)).size;
    expect(unique(({ id }) => String(id))).toBe(panels.length);
    expect(unique(({ gridPos: { x, y } }) => `${x}/${y}`)).toBe(panels.length);
  });

  it('no metric has a label that grows with applications or callers', () => {
    const allowed =
      'cluster project health sync state role tool outcome endpoint kind result hash type ending version'.split(' ');
    const own = [...metrics.values()].filter(({ name }) => !/^(nodejs|process)_/.test(name));
    for (const { name, labels } of own) expect([name, labels.filter((l) => !allowed.includes(l))]).toEqual([name, []]);
  });
});
