import { ControlPlaneConfigSchema } from '@lapidary/config/control-plane';
import { jobKinds } from '@lapidary/contracts/api/jobs';
import { concurrencyOf, jobsAtOnce } from './job-concurrency.js';

const configOf = (env: Record<string, string>) =>
  ControlPlaneConfigSchema.parse({ LAPIDARY_REGION: 'eu', LAPIDARY_DATABASE_URL: 'postgres://x', LAPIDARY_NATS_URL: 'nats://x', ...env });

test('every kind has the general number of places, unless it has its own', () => {
  const config = configOf({ LAPIDARY_JOB_CONCURRENCY: '3', LAPIDARY_JOB_CONCURRENCY_BY_KIND: '{"decommission":1}' });
  expect(concurrencyOf(config, 'provision')).toBe(3);
  expect(concurrencyOf(config, 'decommission')).toBe(1);
  // The pool of connections is sized by this.
  expect(jobsAtOnce(config)).toBe(3 * (jobKinds.length - 1) + 1);
});

test.each(['{"provision":0}', '{"provision":17}', '{"sweep":1}', 'many'])('%s is refused', (text) => {
  expect(() => configOf({ LAPIDARY_JOB_CONCURRENCY_BY_KIND: text })).toThrow();
});
