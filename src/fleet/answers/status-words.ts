import { caveatSentence } from './caveats.js';
import type { FleetStatus } from './fleet-status.js';

/** Characters of JSON; some 1,500 tokens. Names of 253 characters must not make a small answer a large one. */
const statusLengthMax = 7_000;
const namesMax = 3;

/** What matters, in words: how much is known comes first. */
export function statusSummary(status: Omit<FleetStatus, 'summary'>): string {
  const { clusters, applications, broken, causes, causesOmitted, changed } = status;
  const grouped = causes.reduce((sum, group) => sum + group.applications, causesOmitted?.applications ?? 0);
  const causeCount = causes.length + (causesOmitted?.causes ?? 0);
  const { broke, recovered, deployed, removed } = changed;
  const moved = [
    [broke, 'broke'],
    [recovered, 'recovered'],
    [deployed, 'deployed'],
    [removed, 'removed'],
  ].filter(([number]) => (number as number) > 0);
  const sentences = [
    `${clusters.known} of ${count(clusters.of, 'cluster')} known${missing(status)}.`,
    caveatSentence(status),
    `${broken === 0 ? 'None' : broken} of ${count(applications, 'application')} ${broken === 1 ? 'is' : 'are'} broken.`,
    causeCount > 0 ? `${count(causeCount, 'cause')} behind ${grouped} of them.` : '',
    `Last ${changed.minutes} min: ${moved.map((part) => part.join(' ')).join(', ') || 'no change'}.`,
  ];
  return sentences.filter((sentence) => sentence !== '').join(' ');
}

const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`;

/** Who is not known, as far as a sentence goes, and whether something of it is shown. */
function missing({ unavailable, unavailableOmitted = 0 }: Omit<FleetStatus, 'summary'>): string {
  if (unavailable.length === 0) return '';
  const names = unavailable.slice(0, namesMax).map(({ cluster }) => cluster);
  const more = unavailable.length + unavailableOmitted - names.length;
  const stale = unavailable.some(({ staleRows }) => staleRows > 0) ? '; their applications count as last seen' : '';
  return ` (not: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}${stale})`;
}

/** Takes away what matters least until it fits; all of it is still counted. */
export function shrinkStatus(status: FleetStatus): FleetStatus {
  const shown = { ...status, changed: { ...status.changed, latest: [...status.changed.latest] } };
  shown.worst = [...status.worst];
  while (JSON.stringify(shown).length > statusLengthMax) {
    if (shown.changed.latest.length > 2) shown.changed.latest.pop();
    else if (shown.worst.length > 3) shown.worst.pop();
    else if (shown.causes.some(({ example }) => example.text !== undefined))
      shown.causes = shown.causes.map(withoutText);
    else if (!shown.worst.pop() && !shown.changed.latest.pop()) break;
  }
  return shown;
}

const withoutText = ({ example: { text: _, ...example }, ...group }: FleetStatus['causes'][number]) => ({
  ...group,
  example,
});
