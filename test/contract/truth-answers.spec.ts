import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { allRecordings } from '../support/recordings.js';
import { course } from './truth/course.js';
import { courseOfOlder } from './truth/course-older.js';
import { differences, headerDifferences } from './truth/difference.js';
import { RULES, ruleOf } from './truth/rules.js';
import { STREAM_SCENARIOS } from './truth/stream-scenarios.js';
import { Scene } from './truth/scene.js';

const recordings = allRecordings();

/** Recorded paths that the simulator answers with 501, and the words for them in its README. */
const UNSERVED_IN_README: readonly (readonly [RegExp, string])[] = [
  [/\/logs\?/, 'logs'],
  [/\/resource\/actions/, 'single resources and their actions'],
  [/\/resource\?/, 'single resources'],
  [/\/server-side-diff/, 'server-side diff'],
  [/\/ocimetadata/, 'OCI metadata'],
  [/\/applicationsets/, 'ApplicationSets'],
  [/\/clusters/, 'clusters'],
  [/\/repositories/, 'repositories'],
  [/\/notifications\//, 'notifications'],
  [/\/settings\/plugins/, 'plugins'],
  [/\/account\/[^/]+\/token/, 'account passwords and tokens over the API'],
  [/\/events\?.*resourceName=/, 'events of single resources'],
  [/\/api\/badge/, 'the badge'],
];

describe('every recording of a real Argo CD', () => {
  it('has exactly one rule, and every rule a recording', () => {
    const recorded = recordings.map(({ version, name }) => `${version}/${name}`).sort();
    const ruled = Object.entries(RULES).flatMap(([version, rules]) =>
      Object.keys(rules).map((name) => `${version}/${name}`),
    );
    expect(ruled.sort()).toEqual(recorded);
    expect(recorded).toHaveLength(389);
  });

  it('that is not served falls under something that the README of the simulator says is not served', () => {
    const readme = readFileSync('src/simulator/README.md', 'utf8').replace(/\s+/g, ' ');
    const [, list = ''] = /answers \*\*501 with code 12\*\*, (.*?)Paths that/.exec(readme) ?? [];
    const unserved = recordings.filter((one) => ruleOf(one)?.kind === 'unserved');
    const unlisted = unserved.filter(({ request }) => {
      const found = UNSERVED_IN_README.find(([path]) => path.test(request.path));
      return found === undefined || !list.includes(found[1]);
    });
    expect(unlisted.map(({ version, name }) => `${version}/${name}`)).toEqual([]);
    expect(UNSERVED_IN_README.filter(([path]) => !unserved.some(({ request }) => path.test(request.path)))).toEqual([]);
  });

  it('that is a stream is led through by a scenario', () => {
    const streams = recordings.filter((one) => ruleOf(one)?.kind === 'stream');
    expect(Object.keys(STREAM_SCENARIOS).sort()).toEqual(
      streams.map(({ version, name }) => `${version}/${name}`).sort(),
    );
  });
});

describe.each([
  ['v3.6', course],
  ['v3.1', courseOfOlder],
  ['v2.14', courseOfOlder],
] as const)('a simulator of %s, led through the recorded course,', (version, lead) => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.open(version);
    await lead(scene);
  }, 120_000);
  afterAll(() => scene?.close());

  const own = recordings.filter((recording) => recording.version === version && ruleOf(recording)?.kind !== 'stream');

  it.each(own.map((recording) => [recording.name, recording] as const))('answers %s as recorded', (name, recording) => {
    const rule = ruleOf(recording)!;
    expect([...scene.outcomes.keys()]).toContain(name);
    const { answer } = scene.outcomes.get(name)!;
    if (rule.kind === 'silence') return expect(answer).toBeUndefined();
    if (rule.kind === 'unserved') {
      expect(answer).toMatchObject({ status: 501, text: expect.stringMatching(/"(the|[^"]* by the) simulator/) });
      return expect(answer!.headers['content-type']).toMatch(/^(application\/json|text\/event-stream)$/);
    }
    if (rule.kind === 'differs') return expect(differences(recording, answer!, 'shape')).not.toEqual([]);
    if (rule.kind === 'answer') {
      expect(headerDifferences(recording, answer!)).toEqual([]);
      expect(differences(recording, answer!, rule.depth)).toEqual(rule.except ?? []);
    }
  });
});
