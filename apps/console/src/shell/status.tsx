import type { ReactNode } from 'react';

const good = new Set([
  'active',
  'healthy',
  'placed',
  'succeeded',
  'connected',
  'self',
  'live',
  'completed',
  'passed',
  'pass',
  'found',
  'resolved',
  'good',
  'given',
]);
const bad = new Set([
  'failed',
  'dead',
  'cut',
  'suspended',
  'stale',
  'halted',
  'stuck',
  'fail',
  'critical',
  'missed',
  'revoked',
  'ended',
  'lost',
]);
const passing = new Set([
  ...['sent'],
  ...['provisioning', 'retiring', 'pending', 'suspected', 'queued', 'running', 'cancelling', 'cordoned', 'connecting'],
  ...['paused', 'halting', 'aborting', 'rolling_back', 'awaiting', 'changing', 'soaking', 'reverting', 'hold', 'held', 'warning'],
]);

export const toneOf = (status: string): 'good' | 'bad' | 'passing' | 'quiet' => {
  if (good.has(status)) return 'good';
  if (bad.has(status)) return 'bad';
  return passing.has(status) ? 'passing' : 'quiet';
};

/** The word says it, the dot only helps to find it: never colour alone. */
export const Status = ({ value, children }: { value: string; children?: ReactNode }): ReactNode => (
  <span style={{ whiteSpace: 'nowrap' }}>
    <span className={`dot ${toneOf(value)}`} aria-hidden="true" />
    {children ?? value}
  </span>
);
