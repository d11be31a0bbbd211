import { describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { recording } from '../support/recordings.js';
import { headerDifferences, shapeDifferences } from './truth/difference.js';
import type { Listening } from './truth/exchange.js';
import { listen } from './truth/exchange.js';
import type { RecordedVersion } from './truth/scene.js';
import { Scene } from './truth/scene.js';
import type { StreamScenario } from './truth/stream-scenarios.js';
import { STREAM_SCENARIOS } from './truth/stream-scenarios.js';
import { framesOf, framingFaults, snapshotOf, statesOf } from './truth/stream-states.js';

const KEEP_ALIVE_MS = 150;

/** Opens the recorded stream on a simulator in the recorded state, does what was done, and gives what came. */
async function perform(
  id: string,
  { speed = 2, account, ...scenario }: StreamScenario,
): Promise<{ heard: Listening; scene: Scene }> {
  const [version, name] = id.split('/') as [RecordedVersion, string];
  const scene = await Scene.open(version, { speed, keepAliveMs: KEEP_ALIVE_MS });
  let heard: Listening | undefined;
  try {
    await scenario.before?.(scene);
    const sent = scene.request(recording(version, name));
    const token = account === 'reader' ? scene.simulator.tokens.reader : account && scene.tokens.get('short');
    if (token) sent.headers['authorization'] = `Bearer ${token}`;
    heard = listen(new URL(scene.simulator.url).origin, sent);
    const open = heard;
    if (scenario.isSilent) await new Promise((resolve) => setTimeout(resolve, 4 * KEEP_ALIVE_MS));
    else if (name === 'stream-resource-tree') await eventually(() => scene.simulator.openStreams() === 1);
    else await eventually(() => open.status !== undefined);
    await scenario.during?.(scene);
    if (scenario.endedBy) await eventually(() => open.endedBy !== undefined);
    // A quiet stream shows its keep-alives, if it has any.
    else if (!scenario.isSilent && sent.headers['accept']) await eventually(() => open.text.endsWith(':\n'));
    return { heard, scene };
  } finally {
    heard?.end();
    await scene.close();
  }
}

const recordedText = (id: string): string => {
  const [version, name] = id.split('/') as [RecordedVersion, string];
  return (recording(version, name).response.chunks ?? []).map((chunk) => chunk.text).join('');
};
const isSse = (id: string): boolean => {
  const [version, name] = id.split('/') as [RecordedVersion, string];
  return recording(version, name).request.headers['accept'] === 'text/event-stream';
};

describe('a stream of the simulator', () => {
  const silent = Object.entries(STREAM_SCENARIOS).filter(([, scenario]) => scenario.isSilent);
  const lively = Object.entries(STREAM_SCENARIOS).filter(([, scenario]) => !scenario.isSilent);

  it.each(silent)('sends nothing, not even a header, where %s got nothing', async (id, scenario) => {
    expect(recordedText(id)).toBe('');
    const { heard } = await perform(id, scenario);
    expect(heard).toMatchObject({ status: undefined, text: '', endedBy: 'client' });
  });

  it.each(lively)('is framed, told and ended as %s was recorded', async (id, scenario) => {
    const [version, name] = id.split('/') as [RecordedVersion, string];
    const recorded = recording(version, name);
    const [word, instead] = scenario.rephrased ?? ['', ''];
    const theirs = framesOf(recordedText(id).replaceAll(word || '\0', instead));
    const { heard } = await perform(id, scenario);
    const ours = framesOf(heard.text);

    expect(framingFaults(recordedText(id), isSse(id))).toEqual([]);
    expect(framingFaults(heard.text, isSse(id))).toEqual([]);
    expect(heard.status).toBe(recorded.response.status);
    expect(headerDifferences(recorded, { headers: heard.headers, bytes: heard.text.length })).toEqual([]);
    expect(heard.endedBy).toBe(scenario.endedBy ?? 'client');
    if (scenario.endedBy) expect(recorded.response.endedBy).toContain(scenario.endedBy);
    if (scenario.hasSameSnapshot) expect(snapshotOf(ours)).toEqual(snapshotOf(theirs));
    for (const application of scenario.follows ?? [])
      expect({ application, states: statesOf(ours, application) }).toEqual({
        application,
        states: statesOf(theirs, application),
      });
    expect(ours.length).toBeGreaterThan(0);
  });

  it('shows the next operation of a rolling ApplicationSet right after ours, over the state of ours', async () => {
    const id = 'v3.6/stream-sse-applicationset-rolling';
    const { heard } = await perform(id, STREAM_SCENARIOS[id]!);
    const [theirs, ours] = [recordedText(id), heard.text].map((text) => statesOf(framesOf(text), 'fleet-prod'));
    const begun = ['operation, no state', 'operation, Running'];
    for (const states of [theirs!, ours!]) {
      const words = states.map((state) => state.replace(/, (Synced|OutOfSync), Healthy$/, ''));
      const own = words.indexOf(begun[0]!);
      expect(words.slice(own, own + 2)).toEqual(begun);
      const next = words.findIndex((state, at) => at > own && state === 'operation (Reason), Succeeded');
      expect(words.slice(next - 1, next + 2)).toEqual([
        'idle, Succeeded',
        'operation (Reason), Succeeded',
        'operation (Reason), Running',
      ]);
    }
  });

  it('gives whole trees of the recorded shape, the first only after a change', async () => {
    const id = 'v3.6/stream-resource-tree';
    const { heard } = await perform(id, STREAM_SCENARIOS[id]!);
    const [theirs, ours] = [recordedText(id), heard.text].map((text) => framesOf(text).map((frame) => frame.result));
    // The recorded roll-out was over at once; the simulator's takes its time and says so.
    expect(shapeDifferences(theirs, ours)).toEqual(['has [].nodes[].health.message string']);
  });
});
