import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { request } from 'undici';
import { root } from '../../scripts/root.mjs';
import { freePort, until } from './stage.mjs';

export const rivalName = 'argocd-mcp';
export const rivalVersion = '0.9.0';
const folder = join(root, '.cache', 'rival');
const home = join(folder, 'node_modules', rivalName);
const revision = '2025-11-25';

/** The program that most people use today, over Streamable HTTP, with a session that is open. */
export async function startRival(stage, { url, token }) {
  install();
  const port = await freePort();
  const env = { PATH: process.env.PATH, ARGOCD_BASE_URL: url, ARGOCD_API_TOKEN: token, NODE_ENV: 'production' };
  const main = join(home, 'dist', 'index.js');
  const child = stage.spawnProgram(process.execPath, [main, 'http', '--port', String(port)], [], { env });
  child.stdout.resume();
  const origin = `http://127.0.0.1:${port}`;
  await until(child, async () => (await request(`${origin}/healthz`)).statusCode === 200);
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const clientInfo = { name: 'bench', version: '1' };
  const opened = await request(`${origin}/mcp`, {
    method: 'POST',
    headers,
    body: JSON.stringify({
      ...{ jsonrpc: '2.0', id: 0, method: 'initialize' },
      params: { protocolVersion: revision, capabilities: {}, clientInfo },
    }),
  });
  await opened.body.dump();
  const session = { ...headers, 'mcp-session-id': opened.headers['mcp-session-id'], 'mcp-protocol-version': revision };
  const told = await request(`${origin}/mcp`, {
    method: 'POST',
    headers: session,
    body: JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }),
  });
  await told.body.dump();
  return { origin, headers: session };
}

/** Once, into a folder that git does not see. */
function install() {
  const manifest = join(home, 'package.json');
  if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === rivalVersion) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const what = `${rivalName}@${rivalVersion}`;
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', what], {
    cwd: folder,
    stdio: 'ignore',
  });
}
