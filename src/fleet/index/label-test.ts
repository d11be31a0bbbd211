import { judgeFor, type Asking, type SlotTest } from './asking.js';
import { valueMatches, type LabelRequirement } from './label-selector.js';
import { partBounds } from './row-columns.js';
import { labelWidth } from './row-encoding.js';

/** Finds the label by its key's number; its value is then a number too. */
export function labelTest(asking: Asking, requirement: LabelRequirement): SlotTest {
  const { atoms, lists, columns } = asking.table;
  const key = atoms.labelKey.find(requirement.key);
  const withoutLabel = requirement.operator === 'absent' || requirement.operator === 'notIn';
  if (key === 0) return () => withoutLabel;
  const fits = labelValueTest(asking, requirement);
  const { ids } = lists;
  const { begins, ends } = partBounds(columns, 'labels');
  /** Where the last row had the label: most rows have theirs in the same order. */
  let usual = 0;
  return (slot) => {
    const from = begins[slot] as number;
    const to = ends[slot] as number;
    if (from + usual < to && ids[from + usual] === key) return fits(ids[from + usual + 1] as number);
    for (let at = from; at < to; at += labelWidth) {
      if (ids[at] !== key) continue;
      usual = at - from;
      return fits(ids[at + 1] as number);
    }
    return withoutLabel;
  };
}

function labelValueTest(asking: Asking, requirement: LabelRequirement): (id: number) => boolean {
  const values = asking.table.atoms.labelValue;
  const { operator } = requirement;
  if (operator === 'exists') return () => true;
  if (operator === 'absent') return () => false;
  if (operator === 'in' || operator === 'notIn') {
    const isWanted = asking.table.scratch.takeBytes(values.capacity);
    for (const value of requirement.values) isWanted[values.find(value)] = 1;
    // Number 0 is the empty value, which a label may have, and every value that no label has.
    isWanted[0] = requirement.values.has('') ? 1 : 0;
    const expected = operator === 'in' ? 1 : 0;
    return (id) => isWanted[id] === expected;
  }
  const judge = judgeFor(asking, values, (value) => valueMatches(value, requirement));
  return (id) => judge.passes(id);
}
