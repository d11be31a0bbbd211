import type { SimulatorVersion } from './version.js';

/** What an instance is like; everything may be left out. */
export interface SimulatorOptions {
  name?: string;
  /** Default 127.0.0.1. */
  host?: string;
  /** 0, the default: any free port. */
  port?: number;
  /** Default 3.6. */
  version?: SimulatorVersion;
  /** How many applications the world `fleet` begins with; default 20. */
  applications?: number;
  /** Names and troubles of the fleet depend on it. Default 1. */
  seed?: number;
  /** `fleet`: a company's applications; `empty`: projects default and payments, no application; `recorded`: as empty, for replaying the recordings. */
  world?: 'fleet' | 'empty' | 'recorded';
  /** For example `/argocd`: everything is served under it. */
  rootPath?: string;
  /** Divides every delay of the controller. At 1, the default, a sync of a few steps takes 300 to 900 ms. */
  speed?: number;
  /** How often each application is reconciled; default 120000, 0 for never. */
  reconcileMs?: number;
  /** Default 15000. */
  keepAliveMs?: number;
  tls?: { cert: string; key: string };
}
