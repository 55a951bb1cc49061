import type { Colours } from './terminal.js';

const good = new Set([
  'active',
  'healthy',
  'placed',
  'succeeded',
  'connected',
  'self',
  'ok',
  'done',
  'applied',
  'replayed',
  'passed',
  'completed',
  'accepted',
  'executed',
  'pass',
]);
const bad = new Set(['failed', 'dead', 'cut', 'suspended', 'fail', 'critical', 'refused', 'halted', 'halting', 'stuck', 'expired']);
const passing = new Set([
  'provisioning',
  'retiring',
  'pending',
  'suspected',
  'queued',
  'sent',
  'running',
  'cancelling',
  'warn',
  'warning',
  'interrupted',
  'cordoned',
  'open',
  'paused',
  'changing',
  'soaking',
  'awaiting',
  'reverting',
  'aborting',
  'rolling_back',
  'hold',
]);

/** Statuses in the colour that people expect; the word itself always stands there too. */
export const statusColour = (status: string, colours: Colours): string => {
  if (good.has(status)) return colours.green(status);
  if (bad.has(status)) return colours.red(status);
  return passing.has(status) ? colours.yellow(status) : colours.dim(status);
};
