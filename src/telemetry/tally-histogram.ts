import type { Histogram, Registry } from 'prom-client';

export interface TallyHistogramOptions<Label extends string> {
  name: string;
  help: string;
  labelNames: readonly [Label, Label];
  /** Upper bounds, ascending. */
  buckets: readonly number[];
}

/** One series: how many values fell into each bucket (the last one holds what is above all bounds). */
interface Series {
  counts: number[];
  sum: number;
}

interface Value {
  metricName: string;
  labels: Record<string, string | number>;
  value: number;
}

/**
 * A histogram of two labels that every call is counted in: a value costs two look-ups and an addition, and its text is
 * made at the scrape. The library's own makes and hashes the text of the labels for each value. What the scrape sees is
 * the same, which a test holds it to.
 */
export class TallyHistogram<Label extends string> {
  readonly type = 'histogram';
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly [Label, Label];
  private readonly buckets: readonly number[];
  private readonly series = new Map<string, Map<string, Series>>();
  /** In the order in which they were first seen, as the library shows them. */
  private readonly seen: [string, string, Series][] = [];

  constructor(registry: Registry, { name, help, labelNames, buckets }: TallyHistogramOptions<Label>) {
    this.name = name;
    this.help = help;
    this.labelNames = labelNames;
    this.buckets = buckets;
    // Of a metric, the registry uses no more than its name and `get`.
    registry.registerMetric(this as unknown as Histogram);
  }

  /** @param first value of the first label */
  observe(first: string, second: string, value: number): void {
    const series = this.series.get(first)?.get(second) ?? this.add(first, second);
    const { buckets } = this;
    let at = 0;
    while (at < buckets.length && value > (buckets[at] as number)) at++;
    series.counts[at] = (series.counts[at] as number) + 1;
    series.sum += value;
  }

  /** For the registry. */
  async get(): Promise<{ name: string; help: string; type: string; aggregator: string; values: Value[] }> {
    const { name, help, type } = this;
    return { name, help, type, aggregator: 'sum', values: this.seen.flatMap((one) => this.valuesOf(...one)) };
  }

  /** For the registry. */
  reset(): void {
    this.series.clear();
    this.seen.length = 0;
  }

  private add(first: string, second: string): Series {
    const series: Series = { counts: new Array<number>(this.buckets.length + 1).fill(0), sum: 0 };
    const ofFirst = this.series.get(first) ?? new Map<string, Series>();
    this.series.set(first, ofFirst.set(second, series));
    this.seen.push([first, second, series]);
    return series;
  }

  private valuesOf(first: string, second: string, { counts, sum }: Series): Value[] {
    const { name, labelNames, buckets } = this;
    const labels = { [labelNames[0]]: first, [labelNames[1]]: second };
    let count = 0;
    const bucketed = [...buckets, '+Inf'].map((le, at) => {
      count += counts[at] as number;
      return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: count };
    });
    return [
      ...bucketed,
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  }
}
