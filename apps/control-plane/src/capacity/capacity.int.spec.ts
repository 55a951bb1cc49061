import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CapacityDecisionPageSchema,
  CapacityOutlookSchema,
  type CapacityDecision,
  type CapacityOutlook,
} from '@lapidary/contracts/api/capacity';
import type { StampView } from '@lapidary/contracts/api/stamps';
import type { TenantView } from '@lapidary/contracts/api/tenants';
import { waitFor } from '@lapidary/kernel/wait-for';
import { openProvisionWorld, type ProvisionWorld } from '../../test/provision-world.js';
import { capacityChannel } from '../regions/capacity-channel.js';
import { CapacityPlanner } from './capacity-planner.js';
import { CapacityModule } from './capacity.module.js';

const patience = { timeoutMs: 60_000, intervalMs: 100 };

describe('stamping out by policy (P-ST3)', () => {
  let world: ProvisionWorld;
  beforeAll(async () => {
    world = await openProvisionWorld({ features: [CapacityModule] });
  });
  afterAll(async () => {
    await world.close();
  });

  /** As a change of room does; the loop's own timer would come to the same some seconds later. */
  const nudge = (): Promise<unknown> => world.query(`SELECT pg_notify($1, 'eu')`, [capacityChannel]);
  /** Read at each look, so no restart is needed. */
  const setPolicy = async (policy: string): Promise<void> => {
    const file = join(world.stampsDir, 'regions.yaml');
    const text = (await readFile(file, 'utf8')).replace(/, capacityPolicy: \{[^}]*\}/, '');
    await writeFile(file, text.replace('aws: { region: eu-central-1 }', `aws: { region: eu-central-1 }, capacityPolicy: { ${policy} }`));
    await nudge();
  };
  const outlook = async (): Promise<CapacityOutlook> => CapacityOutlookSchema.parse((await world.ask('GET', '/v1/capacity/eu')).body);
  const decisions = async (): Promise<CapacityDecision[]> =>
    CapacityDecisionPageSchema.parse((await world.ask('GET', '/v1/capacity/eu/decisions')).body).items;
  const stamps = async (): Promise<StampView[]> => (await world.ask<{ items: StampView[] }>('GET', '/v1/stamps')).body.items;
  const tenants = async (): Promise<TenantView[]> => (await world.ask<{ items: TenantView[] }>('GET', '/v1/tenants?limit=200')).body.items;
  const create = async (id: string, given: Record<string, unknown> = {}): Promise<void> => {
    expect((await world.ask('POST', '/v1/tenants', { id, region: 'eu', ...given })).status).toBe(201);
  };
  const decided = async (what: string, is: (d: CapacityDecision) => boolean): Promise<CapacityDecision> =>
    await waitFor(what, async () => (await decisions()).find(is), patience);
  /** The agent registers as soon as its token is known, as the real one does. */
  const agentAppears = async (name: string): Promise<void> => {
    const sql = `SELECT 1 FROM stamp WHERE name = $1 AND agent_token_sha256 IS NOT NULL`;
    await waitFor(`the outputs of ${name}`, async () => ((await world.query(sql, [name])).length > 0 ? true : undefined), patience);
    await world.registerAgent(name);
  };

  it('off: says what it would decide and why, records nothing, builds nothing', async () => {
    await create('first');
    expect(await outlook()).toMatchObject({
      region: 'eu',
      policy: { mode: 'off', headroomPercent: 20 },
      verdict: { action: 'none', trigger: 'pending', blockedBy: 'mode_off', stamp: 'eu-1' },
      figures: { stamps: 0, pending: { tenants: 1, units: 1, unfitUnits: 1 }, buildSamples: 0 },
      last: null,
    });
    expect([await decisions(), await stamps()]).toEqual([[], []]);
    expect((await world.ask('GET', '/v1/capacity/mars')).status).toBe(404);
  });

  it('suggest: records what to run, once, however often it looks, and builds nothing', async () => {
    await setPolicy('mode: suggest');
    await decided('the suggestion', (d) => d.action === 'suggest');
    await nudge();
    const suggestion = await decided('the suggestion seen twice', (d) => d.action === 'suggest' && d.looks > 1);
    expect(suggestion).toMatchObject({ trigger: 'pending', stamp: 'eu-1', isolation: 'pooled', job: null });
    expect(suggestion.reason).toBe('1 pooled tenant of 1 unit waits for room that is not there');
    expect(await decisions()).toHaveLength(1);
    expect(await stamps()).toEqual([]);
  });

  it('act: the region fills, a stamp is stamped out, and who waited is placed with no human step', async () => {
    await setPolicy('mode: act, stampsMax: 3, cooldownMinutes: 0');
    const first = await decided('the first build', (d) => d.action === 'build');
    expect(first).toMatchObject({ stamp: 'eu-1', trigger: 'pending', mode: 'act' });
    await agentAppears('eu-1');
    await world.jobIs(first.job!, 'succeeded');
    const { body: job } = await world.ask<{ requestedBy: string }>('GET', `/v1/jobs/${first.job!}`);
    expect(job.requestedBy).toBe('system:capacity');
    expect((await world.eventsOf(first.job!))[0]!.message).toContain(first.reason);

    // 99 more units: 100 of 100 are taken, and one more waits.
    for (let i = 0; i < 10; i++) await create(`filler-${i}`, { weight: i === 9 ? 9 : 10 });
    await create('late');
    const second = await decided('the second build', (d) => d.action === 'build' && d.stamp === 'eu-2');
    await agentAppears('eu-2');
    await world.jobIs(second.job!, 'succeeded');
    await waitFor(
      'everybody to be placed',
      async () => ((await tenants()).every((t) => t.placement !== null) ? true : undefined),
      patience,
    );
    expect((await stamps()).map((s) => s.name)).toEqual(['eu-1', 'eu-2']);
    expect((await outlook()).figures.buildSamples).toBe(2);
    await decided('that it is enough', (d) => d.action === 'none' && d.trigger === null);
  });

  it('a dedicated tenant gets a dedicated stamp; the most stamps end it, and the tenant is told apart from a want of rules', async () => {
    await create('bank', { tier: 'dedicated' });
    const build = await decided('the dedicated build', (d) => d.action === 'build' && d.isolation === 'dedicated');
    expect(build.stamp).toBe('eu-3');
    await agentAppears('eu-3');
    await world.jobIs(build.job!, 'succeeded');
    await create('other-bank', { tier: 'dedicated' });
    const blocked = await decided('the limit', (d) => d.blockedBy === 'stamps_max');
    expect(blocked.reason).toBe('1 dedicated tenant of 1 unit waits for room that is not there; there are 3 stamps, at most 3 are allowed');
    expect(await stamps()).toHaveLength(3);
    await world.ask('DELETE', '/v1/tenants/other-bank');
  });

  it('two leaders for a moment build one stamp, not two', async () => {
    await setPolicy('mode: act, stampsMax: 4, headroomPercent: 0, cooldownMinutes: 0');
    await writeFile(join(world.stampsDir, 'eu-4.yaml'), 'name: eu-4\nregion: eu\n');
    await create('twin', { weight: 100 });
    const planner = world.part(CapacityPlanner);
    const never = new AbortController().signal;
    // One of them is refused by the index or by the name, or finds the build under way already.
    await Promise.allSettled(Array.from({ length: 6 }, () => planner.look(never)));
    const built = (await decisions()).filter((d) => d.action === 'build' && d.stamp === 'eu-4');
    expect(built).toHaveLength(1);
    await agentAppears('eu-4');
    await world.jobIs(built[0]!.job!, 'succeeded');
    expect((await stamps()).map((s) => s.name)).toEqual(['eu-1', 'eu-2', 'eu-3', 'eu-4']);
  });

  it('a build that fails is tried again under its own name, after a pause', async () => {
    await setPolicy('mode: act, stampsMax: 5, cooldownMinutes: 0');
    await writeFile(join(world.stampsDir, 'eu-5.yaml'), 'name: eu-5\nregion: eu\nlabels: { behaviour: fails }\n');
    await create('heavy', { weight: 100 });
    const build = await decided('the build', (d) => d.action === 'build' && d.stamp === 'eu-5');
    await world.jobIs(build.job!, 'failed');
    const waiting = await decided('the pause', (d) => d.blockedBy === 'cooldown');
    expect(waiting).toMatchObject({ stamp: 'eu-5', trigger: 'pending' });
    await writeFile(join(world.stampsDir, 'eu-5.yaml'), 'name: eu-5\nregion: eu\n');
    // As if the minute were over.
    await world.query(`UPDATE job SET finished_at = finished_at - interval '2 minutes' WHERE id = $1`, [build.job]);
    await nudge();
    const again = await decided('another try', (d) => d.action === 'build' && d.stamp === 'eu-5' && d.job !== build.job);
    await agentAppears('eu-5');
    await world.jobIs(again.job!, 'succeeded');
    expect(await stamps()).toHaveLength(5);
  });
});
