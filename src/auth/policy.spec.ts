import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Role } from '../config/config.js';
import type { Effect } from '../tools/tool.js';
import { authorise, isAllowed } from './policy.js';

const effects: Effect[] = ['read', 'change', 'destroy'];
const any = { tool: () => true };

describe('the policy', () => {
  it.each<[Role, boolean[], boolean[]]>([
    ['viewer', [true, false, false], [true, false, false]],
    ['operator', [true, true, false], [true, false, false]],
    ['admin', [true, true, true], [true, false, false]],
  ])('%s may read, change, destroy: %j; on a read-only server %j', (role, writable, readOnly) => {
    const may = (server: { readOnly: boolean }) =>
      effects.map((effect) => isAllowed({ role, ...any }, { name: 't', effect }, server));
    expect(may({ readOnly: false })).toEqual(writable);
    expect(may({ readOnly: true })).toEqual(readOnly);
  });

  it('says why: read_only first, then the tools of the key, then its role', () => {
    const sync = { name: 'sync_application', effect: 'change' as const };
    const none = { role: 'viewer' as const, tool: () => false };
    expect(authorise(none, sync, { readOnly: true })).toMatchObject({ code: 'read_only' });
    expect(authorise(none, sync, { readOnly: false })).toMatchObject({
      code: 'forbidden',
      message: expect.stringMatching(/its tools do not/),
    });
    expect(authorise({ role: 'viewer', ...any }, sync, { readOnly: false })?.message).toBe(
      'The role viewer may not call sync_application: it needs operator or admin.',
    );
    expect(
      authorise({ role: 'operator', ...any }, { name: 'd', effect: 'destroy' }, { readOnly: false })?.message,
    ).toMatch(/needs admin/);
  });

  it('lists exactly what it lets be called', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<Role>('viewer', 'operator', 'admin'),
        fc.constantFrom(...effects),
        fc.boolean(),
        fc.boolean(),
        (role, effect, readOnly, hasTool) => {
          const caller = { role, tool: () => hasTool };
          const tool = { name: 't', effect };
          expect(isAllowed(caller, tool, { readOnly })).toBe(authorise(caller, tool, { readOnly }) === undefined);
          if (!hasTool) expect(isAllowed(caller, tool, { readOnly })).toBe(false);
        },
      ),
    );
  });
});
