import { fromDist } from './from-dist.mjs';
import { code, heading, table } from './markdown.mjs';

/** What a job's outcome code tells. The codes are the program's; a code without a sentence here stops the generator. */
const outcomes = {
  sync_failed: 'Argo CD could not apply a resource.',
  hook_failed: 'A sync hook failed.',
  retries_exhausted: 'Argo CD gave up after the retries that the application allows.',
  prune_skipped: 'Everything was applied, but resources that should have been deleted are still there.',
  sync_window_blocked: 'A sync window of the project does not allow it now.',
  application_deleting: 'The application is being deleted.',
  permission_denied: 'Argo CD does not allow this to the account of this server.',
  conflict: 'Another operation took its place, or was already running.',
  terminated: 'Somebody ended the operation.',
  deadline_exceeded: 'It did not end in the time the job had; it may still be running in Argo CD.',
  outcome_unknown: 'Argo CD may or may not have run it; look at the application before you try again.',
  plan_changed: 'What it should have worked on has changed since it was planned.',
};

/** docs/errors.md */
export async function errorDocuments() {
  const catalogue = await fromDist('errors/catalogue.js', 'errorCatalogue');
  const outcomeCodes = await fromDist('jobs/job.js', 'outcomeCodes');
  const silent = outcomeCodes.filter((outcome) => !outcomes[outcome]);
  if (silent.length > 0) throw new Error(`scripts/generated/errors.mjs says nothing about ${silent.join(', ')}.`);
  const document = [
    heading('Errors', 'src/errors/catalogue.ts and src/jobs/job.ts'),
    'REST answers an error as problem details (RFC 9457, `application/problem+json`), MCP as a result with `isError`. Both',
    'carry the same fields: `type`, `title`, `status`, `detail`, `code`, `retryable`, `hint` and, where there is data,',
    '`details`. Branch on `code`: the list is closed. Text that comes from Argo CD stands in `details.upstreamMessage` only.',
    '',
    table(
      ['Code', 'HTTP', 'Same call may succeed later', 'Meaning', 'What to do'],
      Object.entries(catalogue).map(([name, entry]) => [
        code(name),
        entry.http,
        entry.retryable ? 'yes' : 'no',
        entry.meaning,
        entry.hint,
      ]),
    ),
    '',
    '## Outcome codes of a job',
    '',
    'A job that was started does not fail as an error; its `outcome.code` says how it ended. Plain success has none.',
    '',
    table(
      ['Code', 'Meaning'],
      outcomeCodes.map((outcome) => [code(outcome), outcomes[outcome]]),
    ),
    '',
  ].join('\n');
  return { 'docs/errors.md': document };
}
