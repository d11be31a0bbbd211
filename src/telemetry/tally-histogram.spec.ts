import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Histogram, Registry } from 'prom-client';
import { TallyHistogram } from './tally-histogram.js';

describe('a histogram that counts by itself', () => {
  it('shows the scrape what the library shows of the same values', async () => {
    const label = fc.oneof(fc.constantFrom('ok', 'not_found'), fc.string());
    const values = fc.oneof(fc.constantFrom(0, 0.001, 0.5, 60), fc.double({ min: 0, max: 100, noNaN: true }));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(label, label, values)), async (observed) => {
        const options = { name: 'seconds', help: 'Help.', buckets: [0.001, 0.5, 60] };
        const [ours, theirs] = [new Registry(), new Registry()];
        const tally = new TallyHistogram(ours, { ...options, labelNames: ['tool', 'outcome'] });
        const library = new Histogram({ ...options, labelNames: ['tool', 'outcome'], registers: [theirs] });
        for (const [tool, outcome, value] of observed) {
          tally.observe(tool, outcome, value);
          library.observe({ tool, outcome }, value);
        }
        expect(await ours.metrics()).toBe(await theirs.metrics());
        expect(await ours.getMetricsAsJSON()).toEqual(
          (await theirs.getMetricsAsJSON()).map(({ values: shown, ...about }) => ({
            ...about,
            values: shown.map(({ exemplar: _none, ...value }: any) => value),
          })),
        );
        ours.resetMetrics();
        theirs.resetMetrics();
        expect(await ours.metrics()).toBe(await theirs.metrics());
      }),
    );
  });
});
