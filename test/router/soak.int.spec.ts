import { grownMax, handlesLeftMax, soak } from './soak/soak.ts';

/**
 * The ten minutes are `npm run soak:router`; here only what shows at once. What the runtime's libraries and compilers hold is left to
 * those: in its first half minute it grows by more than a leak would in them.
 */
const seconds = 20;

it('a hanging stamp, a noisy tenant, slow and aborting clients and a changing directory cost the others nothing', async () => {
  const result = await soak(seconds);
  expect(result.failures).toEqual([]);
  expect(result.requests).toBeGreaterThan(500);
  expect(result.noisy['429']).toBeGreaterThan(0);
  expect(result.grownLive).toBeLessThan(grownMax.live);
  expect(result.handlesLeft).toBeLessThanOrEqual(handlesLeftMax);
});
