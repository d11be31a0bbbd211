import type { Source } from './application.js';
import type { Manifest } from './manifest.js';
import { pathExists, renderSource } from './repository-paths.js';
import { sha1Hex } from './seeded.js';

export interface Commit {
  sha: string;
  message: string;
  author: string;
  date: string;
  /** Paths that it changed; absent: all of them. */
  paths?: string[];
  /** Names of objects that are gone from these paths since. */
  removes?: string[];
  /** Manifests of these paths cannot be read at this commit: what the repo server says. */
  breaks?: string;
}

/** The repo server refuses: `message` is what follows "rpc error: code = ... desc = ". */
export class RepositoryError extends Error {
  constructor(
    message: string,
    readonly grpcCode: 'Unknown' | 'FailedPrecondition' | 'Internal' = 'Unknown',
  ) {
    super(message);
  }
}

const COLORS = ['blue', 'green', 'red', 'yellow', 'purple', 'orange', 'pink', 'teal', 'brown', 'olive'];
/** First commits of the repository that the recordings were made with: its tag v1.0.0, then main. */
const RECORDED_REPOSITORY = 'https://git.example.com/platform/apps';
const RECORDED_SHAS = ['7811ff993f9002b16e572c42a932ece1d4ca1250', 'b488e1a2be7b05e790ca814230f45dabfaeb51a4'];
const BRANCHES = /^(HEAD|main|master|develop|staging|production|release\/.+|release-.+|env\/.+)$/;
const TAGS = /^v?\d+(\.\d+){0,2}([-+][0-9A-Za-z.-]+)?$/;
const FULL_SHA = /^[0-9a-f]{40}$/;

/** Every Git and chart repository that an application may name, held in memory. */
export class Repositories {
  private readonly commits = new Map<string, Commit[]>();
  /** Grows with each new commit: who compared at the same number need not compare again. */
  revision = 0;

  /** @param bornAt the first commits are some weeks older. */
  constructor(private readonly bornAt: string) {}

  /** The commit id (or chart version) that a revision stands for. Throws `RepositoryError` if there is none. */
  resolve(source: Source, revision = source.targetRevision ?? ''): string {
    if (source.chart !== undefined) {
      if (/^[~^><=]|\*|\.x$/.test(revision) || revision === '') return '1.0.0';
      if (TAGS.test(revision)) return revision;
      throw new RepositoryError(`unable to resolve version '${revision}': no version for constraints`);
    }
    if (/^[0-9a-f]{7,40}$/.test(revision)) return revision;
    const log = this.log(source.repoURL);
    if (revision === '' || BRANCHES.test(revision)) return log.at(-1)!.sha;
    if (TAGS.test(revision)) return log[0]!.sha;
    throw new RepositoryError(`unable to resolve '${revision}' to a commit SHA: revision not found`);
  }

  /** What the source renders to at that commit. Throws `RepositoryError` as manifest generation does. */
  render(source: Source, revision: string, target: { application: string; namespace: string }): Manifest[] {
    if (source.chart !== undefined) return renderSource(source, { ...target, color: revision });
    if (source.path !== undefined && !pathExists(source.path))
      throw new RepositoryError(`${source.path}: app path does not exist`);
    const log = this.log(source.repoURL);
    const at = log.findIndex((commit) => commit.sha.startsWith(revision));
    if (at < 0) {
      throw new RepositoryError(
        `failed to checkout revision ${revision}: \`git checkout --force ${revision}\` failed exit status 128: fatal: unable to read tree (${revision})`,
        'Internal',
      );
    }
    const touching = log
      .slice(0, at + 1)
      .filter((commit) => commit.paths === undefined || commit.paths.includes(source.path ?? ''));
    const latest = touching.at(-1)!;
    if (latest.breaks) throw new RepositoryError(latest.breaks, 'FailedPrecondition');
    // A commit that takes objects away leaves the others as they are.
    const written = touching.findLast((commit) => commit.removes === undefined) ?? latest;
    const color = COLORS[log.indexOf(written) % COLORS.length]!;
    const gone = new Set(touching.flatMap((commit) => commit.removes ?? []));
    return renderSource(source, { ...target, color }).filter((item) => !gone.has(item.name));
  }

  /** Adds a commit to the main branch, and with it to every branch. */
  commit(repoURL: string, change: Partial<Commit>, date: string): Commit {
    const log = this.log(repoURL);
    const commit: Commit = {
      sha: change.sha ?? sha1Hex(`${repoURL}#${log.length}`),
      message: change.message ?? `Change ${(change.paths ?? ['everything']).join(', ')}`,
      author: change.author ?? 'Platform Bot <bot@example.com>',
      date,
      ...(change.paths ? { paths: change.paths } : {}),
      ...(change.removes ? { removes: change.removes } : {}),
      ...(change.breaks ? { breaks: change.breaks } : {}),
    };
    log.push(commit);
    this.revision += 1;
    return commit;
  }

  find(repoURL: string, sha: string): Commit | undefined {
    return this.log(repoURL).find((commit) => commit.sha === sha);
  }

  /** A revision that names one commit and nothing else. */
  static isResolved(revision: string): boolean {
    return FULL_SHA.test(revision);
  }

  private log(repoURL: string): Commit[] {
    let log = this.commits.get(repoURL);
    if (log === undefined) {
      const shas = repoURL === RECORDED_REPOSITORY ? RECORDED_SHAS : [sha1Hex(`${repoURL}#0`), sha1Hex(`${repoURL}#1`)];
      const author = 'Platform Bot <bot@example.com>';
      log = [
        { sha: shas[0]!, message: 'First version', author, date: this.daysBefore(40) },
        { sha: shas[1]!, message: 'Settings: green', author, date: this.daysBefore(21) },
      ];
      this.commits.set(repoURL, log);
    }
    return log;
  }

  /** In the morning of that day, so that instances that were started together date the same commit alike. */
  private daysBefore(days: number): string {
    const day = new Date(Date.parse(this.bornAt) - days * 86_400_000).toISOString().slice(0, 10);
    return `${day}T09:00:00Z`;
  }
}
