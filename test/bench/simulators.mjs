import { fromDist } from '../../scripts/generated/from-dist.mjs';

/**
 * Simulators that do nothing by themselves, a process of its own: of a large fleet in one process the reconciliations alone
 * would keep a processor busy, and a real cluster's are not on the machine of the server. Prints what `simulate` prints.
 */
const [file, clusters, applications] = process.argv.slice(2);
const Simulator = await fromDist('simulator/simulator.js', 'Simulator');
const placeOf = await fromDist('cli/simulated-fleet.js', 'placeOf');
const writeFleetConfig = await fromDist('cli/simulated-fleet.js', 'writeFleetConfig');

const started = [];
for (let i = 0; i < Number(clusters); i++) {
  const place = placeOf(i);
  const options = { name: place.name, applications: Number(applications), seed: i + 1, reconcileMs: 0 };
  started.push({ ...place, simulator: await Simulator.start(options) });
}
await writeFleetConfig(file, started, { host: '127.0.0.1', port: 0 });
for (const { name, simulator } of started) {
  const { url, adminUrl: admin } = simulator;
  console.log(JSON.stringify({ cluster: name, url, token: simulator.tokens.admin, admin }));
}
process.once('SIGTERM', () => process.exit(0));
process.once('disconnect', () => process.exit(0));
