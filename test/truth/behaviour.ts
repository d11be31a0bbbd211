import type { Fact } from './fact.js';
import { FACTS_OF_LIFE } from './facts-of-life.js';
import { FACTS_OF_OPERATIONS } from './facts-of-operations.js';
import { FACTS_OF_REQUESTS } from './facts-of-requests.js';

/** Everything about Argo CD that our client relies on, to be held against a simulator or a real one. */
export const FACTS: readonly Fact[] = [...FACTS_OF_REQUESTS, ...FACTS_OF_LIFE, ...FACTS_OF_OPERATIONS];
