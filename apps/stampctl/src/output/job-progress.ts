import type { JobProgress } from './job-view.js';
import type { Output } from './output.js';

/** Redrawn in place where there is a terminal, line by line elsewhere; only the one that is needed is loaded. */
export const jobProgress = async (output: Output): Promise<JobProgress> => {
  if (output.interactive) return new (await import('./job-progress-live.js')).LiveJobProgress(output);
  return new (await import('./job-progress-lines.js')).LineJobProgress(output);
};
