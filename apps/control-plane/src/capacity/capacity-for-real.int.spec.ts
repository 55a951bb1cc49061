import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { CapacityDecisionPageSchema, type CapacityDecision } from '@lapidary/contracts/api/capacity';
import type { ProvisionPlan } from '@lapidary/contracts/api/provisioning';
import type { StampView } from '@lapidary/contracts/api/stamps';
import type { TenantView } from '@lapidary/contracts/api/tenants';
import { waitFor } from '@lapidary/kernel/wait-for';
import { freshRegion } from '@lapidary/testing/backends';
import { openProvisionWorld, type ProvisionWorld } from '../../test/provision-world.js';
import { capacityChannel } from '../regions/capacity-channel.js';
import { CapacityModule } from './capacity.module.js';

/** Real children and the real planner, each a second or two of importing; on a busy machine several. */
jest.setTimeout(300_000);
const patience = { timeoutMs: 120_000, intervalMs: 100 };

describe('stamping out by policy with the template, the planner and the children of infra/ (P-ST3)', () => {
  const region = freshRegion();
  const [first, second, third] = [`${region}-1`, `${region}-2`, `${region}-3`] as const;
  let world: ProvisionWorld;
  beforeAll(async () => {
    world = await openProvisionWorld({ features: [CapacityModule], engine: 'real', region });
  });
  afterAll(async () => {
    await world.close();
  });

  const setPolicy = async (policy: string): Promise<void> => {
    const file = join(world.stampsDir, 'regions.yaml');
    const text = (await readFile(file, 'utf8')).replace(/, capacityPolicy: \{[^}]*\}/, '');
    await writeFile(file, text.replace('aws: { region: eu-central-1 }', `aws: { region: eu-central-1 }, capacityPolicy: { ${policy} }`));
    await world.query(`SELECT pg_notify($1, $2)`, [capacityChannel, region]);
  };
  const decided = async (what: string, is: (d: CapacityDecision) => boolean): Promise<CapacityDecision> =>
    await waitFor(
      what,
      async () => CapacityDecisionPageSchema.parse((await world.ask('GET', `/v1/capacity/${region}/decisions`)).body).items.find(is),
      patience,
    );
  const create = async (id: string, weight = 1): Promise<void> => {
    expect((await world.ask('POST', '/v1/tenants', { id, region, weight })).status).toBe(201);
  };
  const stampOf = async (name: string): Promise<StampView> => (await world.ask<StampView>('GET', `/v1/stamps/${name}`)).body;
  const tenantOf = async (id: string): Promise<TenantView> => (await world.ask<TenantView>('GET', `/v1/tenants/${id}`)).body;
  /** Its front door answers, which the child's processes see to; its agent, a stand-in here, does not register by itself. */
  const serves = async (build: CapacityDecision): Promise<void> => {
    const { frontDoors } = await waitFor(
      `the outputs of ${build.stamp}`,
      async () => {
        const stamp = await stampOf(build.stamp!);
        return stamp.frontDoors.length > 0 ? stamp : undefined;
      },
      patience,
    );
    const env = (await (await fetch(frontDoors[0]!)).json()) as Record<string, string>;
    expect(env).toMatchObject({ LAPIDARY_STAMP: build.stamp, LAPIDARY_REGION: region });
    await world.registerAgent(build.stamp!);
    await world.jobIs(build.job!, 'succeeded', patience.timeoutMs);
  };

  it('act: a real child builds <region>-1, and who waited is placed', async () => {
    await create('first');
    await setPolicy('mode: act, stampsMax: 1, headroomPercent: 0, cooldownMinutes: 0');
    const build = await decided('the first build', (d) => d.action === 'build');
    expect(build).toMatchObject({ stamp: first, trigger: 'pending', mode: 'act', blockedBy: null });
    expect(build.reason).toBe('1 pooled tenant of 1 unit waits for room that is not there');
    await serves(build);
    await waitFor('the tenant to be placed', async () => (await tenantOf('first')).placement ?? undefined, patience);
    expect((await tenantOf('first')).placement).toMatchObject({ stamp: first });
  });

  it('the most stamps end it; one more is allowed, and the next is <region>-2', async () => {
    await create('second', 100);
    const blocked = await decided('the limit', (d) => d.blockedBy === 'stamps_max');
    expect(blocked).toMatchObject({ stamp: second, job: null });
    expect(blocked.reason).toBe('1 pooled tenant of 100 units waits for room that is not there; there is 1 stamp, at most 1 is allowed');
    await setPolicy('mode: act, stampsMax: 9, headroomPercent: 0, cooldownMinutes: 0');
    const build = await decided('the second build', (d) => d.action === 'build' && d.stamp === second);
    // Measured by what the first child needed, no longer assumed.
    expect(build.figures.buildSamples).toBe(1);
    await serves(build);
  });

  it('the cost cap holds the planner’s own estimate of the next stamp against it, and lets it pass when it is raised', async () => {
    await writeFile(join(world.stampsDir, `${third}.yaml`), `name: ${third}\nregion: ${region}\ndriver: aws\nprofile: small\n`);
    const { body: plan } = await world.ask<ProvisionPlan>('GET', `/v1/stamps/${third}/plan`);
    const usd = plan.monthlyCost!.usd;
    expect(usd).toBeGreaterThan(100);

    await setPolicy(`mode: act, stampsMax: 9, headroomPercent: 0, cooldownMinutes: 0, monthlyCostUsdMax: ${usd - 0.01}`);
    await create('third', 100);
    const blocked = await decided('the cap', (d) => d.blockedBy === 'cost_max');
    // Local stamps cost nothing, so the sum is the third's alone.
    expect(blocked).toMatchObject({ stamp: third, job: null, figures: { monthlyCostUsd: { now: 0, withNext: usd } } });
    expect(blocked.reason).toContain(`with ${third} the stamps would cost ${usd} USD a month, at most ${usd - 0.01} are allowed`);

    await setPolicy(`mode: act, stampsMax: 9, headroomPercent: 0, cooldownMinutes: 0, monthlyCostUsdMax: ${usd}`);
    const build = await decided('the third build', (d) => d.action === 'build' && d.stamp === third);
    // The whole graph is applied; that nobody can be placed in a simulated cloud is said, not hidden.
    const job = await world.jobIs(build.job!, 'failed', patience.timeoutMs);
    expect(job.error?.code).toBe('simulated_cloud');
    const after = await decided('the next look', (d) => d.id > build.id && d.blockedBy !== 'building');
    expect(after).toMatchObject({ blockedBy: 'cooldown', stamp: third, figures: { monthlyCostUsd: { now: usd, withNext: usd } } });
    expect((await tenantOf('third')).status).toBe('pending');
  });
});
