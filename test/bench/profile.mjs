import { Session } from 'node:inspector/promises';

const shown = 15;

/** Which functions the time of a profile went to, the callees of each not counted: rows of a table. */
export function selfTimes({ nodes, samples, timeDeltas }) {
  const frames = new Map(nodes.map((node) => [node.id, nameOf(node.callFrame)]));
  const times = new Map();
  let total = 0;
  for (const [i, id] of samples.entries()) {
    const name = frames.get(id);
    if (name === '(idle)' || name === '(root)') continue;
    const delta = Math.max(0, timeDeltas[i]);
    total += delta;
    times.set(name, (times.get(name) ?? 0) + delta);
  }
  return [...times]
    .sort((a, b) => b[1] - a[1])
    .slice(0, shown)
    .map(([name, time]) => [name, `${((100 * time) / total).toFixed(1)} %`]);
}

/** As `selfTimes`, of work that this process does. */
export async function profileHere(work) {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.start');
  work();
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  return selfTimes(profile);
}

/** What it is and where it is at home, without the folders that say where the program lies. */
function nameOf({ functionName, url, lineNumber }) {
  if (functionName.startsWith('(')) return functionName;
  const name = functionName || `line ${lineNumber + 1}`;
  const home = url.replace(/^.*\/(?:node_modules|dist)\//, '').replace(/^.*\/(?=test\/bench\/)/, '');
  return home ? `${name} (${home})` : name;
}
