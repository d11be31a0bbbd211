import { expect, it } from '@jest/globals';
import { hashKey } from '../auth/api-key.js';
import { newKeyText } from './key.js';

it('a new key is shown once, beside the hash that the configuration wants', () => {
  const text = newKeyText();
  const keys = text.match(/afm_[A-Za-z0-9_-]{43}/g) ?? [];
  expect(keys).toHaveLength(1);
  expect(text).toContain(`hash: ${hashKey(keys[0] as string)}`);
  expect(text).toContain('Authorization: Bearer');
  expect(newKeyText()).not.toBe(text);
});
