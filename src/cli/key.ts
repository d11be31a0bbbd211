import { hashKey, newKey } from '../auth/api-key.js';

/**
 * Makes an API key and the text to show for it: the key, once; its entry for the configuration; how it is sent. The
 * key is kept nowhere.
 */
export function newKeyText(): string {
  const key = newKey();
  return `
API key, shown this once and kept nowhere; store it like a password:

  ${key}

Entry for the configuration file, under server.apiKeys:

  - name: WHO-IT-IS-FOR
    hash: ${hashKey(key)}
    role: viewer        # or operator, admin

Clients send it as a header:

  Authorization: Bearer <the key>
`;
}
