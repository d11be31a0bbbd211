import { judgeFor, type Asking, type SlotTest } from './asking.js';
import { valueMatches, type LabelRequirement } from './label-selector.js';
import { labelWidth } from './row-encoding.js';

/** Finds the label by its key's number; its value is then a number too. */
export function labelTest(asking: Asking, requirement: LabelRequirement): SlotTest {
  const { atoms, lists, columns } = asking.table;
  const key = atoms.labelKey.find(requirement.key);
  const withoutLabel = requirement.operator === 'absent' || requirement.operator === 'notIn';
  if (key === 0) return () => withoutLabel;
  const fits = labelValueTest(asking, requirement);
  const { ids } = lists;
  const { offset, lengths } = columns;
  return (slot) => {
    const from = offset[slot] as number;
    const to = from + (lengths.labels[slot] as number);
    for (let at = from; at < to; at += labelWidth) if (ids[at] === key) return fits(ids[at + 1] as number);
    return withoutLabel;
  };
}

function labelValueTest(asking: Asking, requirement: LabelRequirement): (id: number) => boolean {
  const values = asking.table.atoms.labelValue;
  const { operator } = requirement;
  if (operator === 'exists') return () => true;
  if (operator === 'absent') return () => false;
  if (operator === 'in' || operator === 'notIn') {
    // Number 0 is the empty value, which a label may have.
    const takesEmpty = requirement.values.has('');
    const found = [...requirement.values].map((value) => values.find(value)).filter((id) => id !== 0 || takesEmpty);
    const wanted = new Set(found);
    return (id) => wanted.has(id) === (operator === 'in');
  }
  const judge = judgeFor(asking, values, (value) => valueMatches(value, requirement));
  return (id) => judge.passes(id);
}
