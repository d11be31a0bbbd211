import { describe, expect, it } from '@jest/globals';
import { noticedFacts } from './cluster-facts.js';

describe('facts of an instance', () => {
  it('tell when they become others, and only then', () => {
    const heard: unknown[] = [];
    const facts = noticedFacts(() => heard.push({ ...facts }));
    facts.version = 'v3.1.0';
    facts.version = 'v3.1.0';
    facts.uiUrl = 'https://argocd.example.com';
    facts.version = 'v3.6.0';
    expect(heard).toEqual([
      { version: 'v3.1.0', uiUrl: undefined },
      { version: 'v3.1.0', uiUrl: 'https://argocd.example.com' },
      { version: 'v3.6.0', uiUrl: 'https://argocd.example.com' },
    ]);
    expect(JSON.stringify(noticedFacts(() => {}))).toBe('{}');
  });
});
