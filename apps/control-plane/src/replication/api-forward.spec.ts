import { waitOf } from './api-forward.js';

test('a forwarded request is waited for as long as it asks, and a plan as long as plans may take', () => {
  expect(waitOf('/v1/tenants')).toBe(0);
  expect(waitOf('/v1/jobs/us.1/events?wait=5')).toBe(5_000);
  expect(waitOf('/v1/tenants?wait=nonsense')).toBe(0);
  for (const url of ['/v1/plans', '/v1/stamps/us-2/plan', '/v1/stamps/us-2/provision?dryRun=true']) expect(waitOf(url)).toBe(60_000);
});
