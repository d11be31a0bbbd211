import assert from 'node:assert/strict';
import type { Answer } from '../contract/truth/exchange.js';
import type { Application, Bench } from './bench.js';

/** Something that our client relies on. `check` throws if the Argo CD at hand does otherwise. */
export interface Fact {
  name: string;
  /** Can be seen only with an account that may read and nothing else. */
  needsReader?: true;
  check: (bench: Bench) => Promise<void>;
}

export const json = (answer: Answer): Record<string, unknown> => JSON.parse(answer.text) as Record<string, unknown>;
export const body = (answer: Answer): Application => JSON.parse(answer.text) as Application;

/** A refusal of a single call: the text stands twice, beside the code. */
export function refused(answer: Answer, status: number, code: number, message: string | RegExp): void {
  assert.equal(answer.status, status, answer.text);
  const given = json(answer);
  assert.equal(given['code'], code, answer.text);
  assert.equal(given['error'], given['message']);
  if (typeof message === 'string') assert.equal(given['message'], message);
  else assert.match(String(given['message']), message);
}

export function plain(answer: Answer, status: number, text: string): void {
  assert.deepEqual({ status: answer.status, text: answer.text }, { status, text });
  assert.match(answer.headers['content-type'] ?? '', /^text\/plain/);
}

/** With an application of `path`, which is removed afterwards. */
export async function withApplication(
  bench: Bench,
  path: string,
  work: (name: string) => Promise<void>,
): Promise<void> {
  const name = await bench.create(path);
  await work(name);
  await bench.remove(name);
}
