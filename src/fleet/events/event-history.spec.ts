import { describe, expect, it } from '@jest/globals';
import { EventHistory } from './event-history.js';
import type { FleetEvent } from './event.js';

const reset = (id: string | undefined, reason: string): FleetEvent => ({ kind: 'reset', id, reason });
const reasons = (events: FleetEvent[] | undefined) => events?.map((event) => event.kind === 'reset' && event.reason);

function tell(history: EventHistory, id: string | undefined, reason: string): void {
  history.add(reset(id, reason));
  if (id !== undefined) history.advance(id);
}

describe('the history of events', () => {
  it('knows what came after an id, from the first change on that was told', () => {
    const history = new EventHistory(10);
    expect(history.since('1-0')).toBeUndefined();
    for (const id of ['1-0', '1-1', '2-0']) tell(history, id, id);
    expect(reasons(history.since('1-0'))).toEqual(['1-1', '2-0']);
    expect(reasons(history.since('2-0'))).toEqual([]);
    expect(history.since('0-9')).toBeUndefined();
    expect(history.since('2-1')).toBeUndefined();
  });

  it('what has no place of its own is told to whoever comes back to the place before it', () => {
    const history = new EventHistory(10);
    tell(history, '1-0', 'a');
    tell(history, undefined, 'unplaced');
    tell(history, '2-0', 'b');
    // A gap of this process alone, which carries the id of the change before it.
    tell(history, '2-0', 'gap');
    expect(reasons(history.since('1-0'))).toEqual(['unplaced', 'b', 'gap']);
    expect(reasons(history.since('2-0'))).toEqual(['gap']);
  });

  it('is bounded, and says when the log alone cannot make up for what it forgot', () => {
    const history = new EventHistory(2);
    tell(history, '1-0', 'a');
    tell(history, undefined, 'unplaced');
    for (const id of ['2-0', '3-0', '4-0', '5-0']) tell(history, id, id);
    expect(history.since('1-0')).toBeUndefined();
    expect(history.isAllLogged('1-0')).toBe(false);
    expect(history.isAllLogged('3-0')).toBe(true);
    expect(reasons(history.since('4-0'))).toEqual(['5-0']);
  });
});
