import { rolloutStatuses, type RolloutView } from '@lapidary/contracts/api/rollouts';
import { allowedVerbs } from './allowed-verbs.js';

const wave = (status: RolloutView['waves'][number]['status'], outcome: 'pass' | 'fail' | 'unjudged' = 'pass') =>
  ({ status, checks: [{ measure: 'errors', outcome }] }) as unknown as RolloutView['waves'][number];
const verbsOf = (status: RolloutView['status'], ...waves: RolloutView['waves']) => allowedVerbs({ status, waves });

test('approving is offered where a wave waits for it, and where one soaks that is not worse than the control group', () => {
  expect(verbsOf('running', wave('passed'), wave('awaiting'))).toEqual(['approve', 'pause', 'abort', 'rollback']);
  expect(verbsOf('paused', wave('soaking', 'unjudged'))).toEqual(['approve', 'resume', 'abort', 'rollback']);
  expect(verbsOf('running', wave('soaking', 'fail'))).not.toContain('approve');
  expect(verbsOf('running', wave('changing'))).not.toContain('approve');
  expect(verbsOf('halted', wave('awaiting'))).toEqual(['rollback']);
});

test('every status has its verbs, and what is on its way back is not sent back again', () => {
  for (const status of rolloutStatuses) expect(Array.isArray(verbsOf(status))).toBe(true);
  for (const status of ['halting', 'aborting', 'rolling_back'] as const) expect(verbsOf(status)).not.toContain('rollback');
});
