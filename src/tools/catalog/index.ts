import type { Tool } from '../tool.js';
import { compareApplication } from './compare-application.js';
import { getApplication } from './get-application.js';
import { getFleetStatus } from './get-fleet-status.js';
import { getJob } from './get-job.js';
import { listApplications } from './list-applications.js';
import { listClusters } from './list-clusters.js';
import { syncApplication } from './sync-application.js';
import { waitForJob } from './wait-for-job.js';

/** Every tool, in the order in which they are listed. */
export const catalog: readonly Tool[] = [
  getFleetStatus,
  listClusters,
  listApplications,
  getApplication,
  compareApplication,
  syncApplication,
  getJob,
  waitForJob,
];
