import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** How the server introduces itself. */
export const serverInfo = { name: 'argocd-fleet-mcp', title: 'Argo CD fleet', version: manifest.version };
