import { describe, expect, it } from '@jest/globals';
import { countsOf } from './application-counts.js';

const row = (project: string, health = 'Healthy', sync = 'Synced') => ({ project, health, sync });

describe('counts of applications for metrics', () => {
  it('are by project, health and sync, and words that nobody knows become Unknown', () => {
    const rows = [row('a'), row('a'), row('a', 'Degraded'), row('b', 'made-up', 'made-up')];
    expect(countsOf('eu', rows)).toEqual([
      { cluster: 'eu', project: 'a', health: 'Healthy', sync: 'Synced', count: 2 },
      { cluster: 'eu', project: 'a', health: 'Degraded', sync: 'Synced', count: 1 },
      { cluster: 'eu', project: 'b', health: 'Unknown', sync: 'Unknown', count: 1 },
    ]);
  });

  it('name at most 50 projects, the largest; the rest is one, and nothing is lost', () => {
    const rows = Array.from({ length: 60 }, (_, i) => Array.from({ length: i + 1 }, () => row(`p${i}`))).flat();
    const counts = countsOf('eu', rows);
    expect(counts).toHaveLength(51);
    expect(counts.find(({ project }) => project === 'other')?.count).toBe(55);
    expect(counts.reduce((sum, { count }) => sum + count, 0)).toBe(rows.length);
  });
});
