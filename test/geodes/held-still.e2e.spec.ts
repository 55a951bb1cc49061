import type { TenantView } from '@lapidary/contracts/api/tenants';
import { waitFor } from '@lapidary/kernel/wait-for';
import { proves } from '@lapidary/testing/proves';
import { caseMs, other, regions, TwoRegions } from './two-regions.js';

/** P-GE6: with a part of a region held still, killed or out of reach, what does not go through that part works on, and what does is done once. */
let world: TwoRegions;

beforeAll(async () => {
  world = await TwoRegions.start('held-still');
}, caseMs);
afterAll(async () => world?.stop(), 60_000);

describe('with silent links, before anybody can know', () => {
  it(
    proves(
      'a region places, serves, shows, reads and writes as at any time',
      { operation: 'place', failure: 'links-silent', outcome: 'works' },
      { operation: 'route', failure: 'links-silent', outcome: 'works' },
      { operation: 'read-documents', failure: 'links-silent', outcome: 'works' },
      { operation: 'write-documents', failure: 'links-silent', outcome: 'works' },
      { operation: 'look-at-fleet', failure: 'links-silent', outcome: 'works' },
      { operation: 'watch', failure: 'links-silent', outcome: 'works' },
      { operation: 'policy', failure: 'links-silent', outcome: 'works' },
      { operation: 'drift', failure: 'links-silent', outcome: 'works' },
      { operation: 'claim', failure: 'links-silent', outcome: 'works' },
      { operation: 'repair', failure: 'links-silent', outcome: 'works' },
      { operation: 'provision', failure: 'links-silent', outcome: 'works' },
    ),
    async () => {
      world.geodes.breakAll('black-hole');
      try {
        await world.workIn('eu').watch();
        await world.workIn('eu').changePolicy();
        await world.workIn('eu').lookForDrift();
        await world.workIn('eu').repair();
        await world.provision('eu-2');
        for (const region of regions) expect((await world.create(region, 'claimed-in-silence', region)).status).toBe(201);
        for (const region of regions) {
          expect((await world.create(region, `silent-${region}`, region)).status).toBe(201);
          await world.served(region, `silent-${region}`);
          await world.geodes.client(region).patch('notes', 'n', { [`silent-${region}`]: true });
          expect((await world.geodes.client(region).read('notes', 'n'))?.value).toMatchObject({ [`silent-${region}`]: true });
          expect((await world.tenantIn(region, `at-${other(region)}`))?.region).toBe(other(region));
        }
      } finally {
        world.geodes.breakAll('open');
      }
      await world.geodes.connected();
      // The name is one tenant’s, once both have heard of each other: the other one is suspended.
      await waitFor(
        'one of the two',
        async () => {
          const both = await Promise.all(regions.map((region) => world.tenantIn(region, 'claimed-in-silence')));
          return (
            both
              .map((t) => t?.status)
              .sort()
              .join() === 'placed,suspended' || undefined
          );
        },
        { timeoutMs: 60_000 },
      );
    },
    caseMs,
  );
});

describe('with the region’s own NATS held still', () => {
  it(
    proves(
      'tenants are placed and routers serve; stamps learn of the new tenant when it is back',
      { operation: 'place', failure: 'nats-down', outcome: 'works' },
      { operation: 'route', failure: 'nats-down', outcome: 'works' },
      { operation: 'write-documents', failure: 'nats-down', outcome: 'works' },
      { operation: 'read-documents', failure: 'nats-down', outcome: 'works' },
      { operation: 'claim', failure: 'nats-down', outcome: 'works' },
      { operation: 'look-at-fleet', failure: 'nats-down', outcome: 'works' },
      { operation: 'sell-stock', failure: 'nats-down', outcome: 'works' },
      { operation: 'watch', failure: 'nats-down', outcome: 'works' },
      { operation: 'policy', failure: 'nats-down', outcome: 'works' },
      { operation: 'foreign-command', failure: 'nats-down', outcome: 'works' },
      { operation: 'drift', failure: 'nats-down', outcome: 'works' },
      { operation: 'repair', failure: 'nats-down', outcome: 'works' },
      { operation: 'cancel-intent', failure: 'nats-down', outcome: 'works' },
    ),
    async () => {
      const thaw = world.geodes.freeze('nats', 'eu');
      try {
        const eu = world.workIn('eu');
        await eu.lookAtFleet();
        await eu.sell();
        await eu.watch();
        await eu.changePolicy();
        // It travels over the other region's NATS.
        await world.commandAbroad();
        const { status, body } = await world.create('eu', 'without-nats', 'eu');
        expect([status, (body as TenantView).status]).toEqual([201, 'placed']);
        expect((await world.through('eu', 'at-eu'))?.status).toBe(200);
        await world.geodes.client('eu').patch('notes', 'n', { more: 'written' });
        expect((await world.geodes.client('eu').read('notes', 'n'))?.value).toMatchObject({ more: 'written' });
        await world.takenBack('without-nats-there');
        await eu.lookForDrift();
        await eu.repair();
      } finally {
        thaw();
      }
      await world.served('eu', 'without-nats');
    },
    caseMs,
  );
});

describe('with the region’s own control plane held still', () => {
  it(
    proves(
      'routers serve on; what it was asked is answered, once, when it goes on',
      { operation: 'route', failure: 'control-plane-down', outcome: 'works' },
      { operation: 'place', failure: 'control-plane-down', outcome: 'recovers' },
      { operation: 'claim', failure: 'control-plane-down', outcome: 'recovers' },
      { operation: 'look-at-fleet', failure: 'control-plane-down', outcome: 'recovers' },
      { operation: 'read-documents', failure: 'control-plane-down', outcome: 'recovers' },
      { operation: 'sell-stock', failure: 'control-plane-down', outcome: 'recovers' },
      { operation: 'policy', failure: 'control-plane-down', outcome: 'recovers' },
      { operation: 'watch', failure: 'control-plane-down', outcome: 'recovers' },
      { operation: 'repair', failure: 'control-plane-down', outcome: 'recovers' },
    ),
    async () => {
      const eu = world.workIn('eu');
      const whileHeld = async (): Promise<void> => {
        const thaw = world.geodes.freeze('control-plane', 'eu');
        const placing = world.geodes.api('eu').post('/v1/tenants', { id: 'patient', region: 'eu' }, { idempotencyKey: 'patient' });
        const others = Promise.all([eu.lookAtFleet(), eu.readAndWrite(), eu.sell(), eu.changePolicy(), eu.repair()]);
        others.catch(() => undefined);
        try {
          for (let i = 0; i < 5; i += 1) expect((await world.through('eu', 'at-eu'))?.status).toBe(200);
        } finally {
          thaw();
        }
        expect((await placing).status).toBe(201);
        await others;
      };
      await eu.watch(whileHeld);
      expect((await world.create('eu', 'patient', 'eu')).status).toBe(201);
      expect(await world.done('eu', 'tenant/patient', 'tenant.created')).toBe(1);
    },
    caseMs,
  );
});

describe('with every control plane, database and NATS server held still', () => {
  it(
    proves(
      'what was asked is answered, once, when they go on',
      { operation: 'place', failure: 'everything-down', outcome: 'recovers' },
      { operation: 'claim', failure: 'everything-down', outcome: 'recovers' },
      { operation: 'look-at-fleet', failure: 'everything-down', outcome: 'recovers' },
      { operation: 'read-documents', failure: 'everything-down', outcome: 'recovers' },
      { operation: 'write-documents', failure: 'everything-down', outcome: 'recovers' },
      { operation: 'sell-stock', failure: 'everything-down', outcome: 'recovers' },
      { operation: 'watch', failure: 'everything-down', outcome: 'recovers' },
      { operation: 'policy', failure: 'everything-down', outcome: 'recovers' },
      { operation: 'drift', failure: 'everything-down', outcome: 'recovers' },
    ),
    async () => {
      const eu = world.workIn('eu');
      const whileHeld = async (): Promise<void> => {
        const thaws = regions.flatMap((region) =>
          (['control-plane', 'nats', 'postgres'] as const).map((part) => world.geodes.freeze(part, region)),
        );
        const placing = world.asked('eu', '/v1/tenants', { id: 'most-patient', region: 'eu' }, 'most-patient');
        const others = Promise.all([eu.lookAtFleet(), eu.readAndWrite(), eu.sell(), eu.changePolicy(), eu.lookForDrift()]);
        others.catch(() => undefined);
        try {
          for (const region of regions) expect((await world.through(region, `at-${region}`))?.status).toBe(200);
        } finally {
          for (const thaw of thaws) thaw();
        }
        expect((await placing).status).toBe(201);
        await others;
      };
      await eu.watch(whileHeld);
      await world.geodes.connected();
      expect(await world.done('eu', 'tenant/most-patient', 'tenant.created')).toBe(1);
    },
    caseMs,
  );
});

describe('with a database that is killed, and nothing else', () => {
  it(
    'in the middle of commands of its own and of the other region’s, all of them are done, once each, and both regions agree',
    async () => {
      const ids = Array.from({ length: 20 }, (_, i) => `through-${i}`);
      const asking = Promise.all(
        ids.map(async (id, i) => {
          const { status, body } = await world.asked('eu', '/v1/tenants', { id, region: regions[i % 2] }, id);
          return [id, status === 201 || status === 202 ? true : { status, body }];
        }),
      );
      asking.catch(() => undefined);
      for (const region of [...regions, ...regions]) await world.geodes.kill('postgres', region);
      expect(Object.fromEntries(await asking)).toEqual(Object.fromEntries(ids.map((id) => [id, true])));
      await waitFor('nothing to wait any more', async () => (await world.intentsIn('eu')).length === 0 || undefined, { timeoutMs: 60_000 });
      for (const [i, id] of ids.entries())
        expect([id, await world.done(regions[i % 2]!, `tenant/${id}`, 'tenant.created')]).toEqual([id, 1]);
      await waitFor(
        'both to show them',
        async () => {
          const shown = await Promise.all(regions.flatMap((region) => ids.map((id) => world.tenantIn(region, id))));
          return shown.every((t) => t !== null) || undefined;
        },
        { timeoutMs: 60_000 },
      );
    },
    caseMs,
  );
});

describe('what goes through no router and no agent', () => {
  const all = async (): Promise<void> => {
    const eu = world.workIn('eu');
    await eu.place();
    await eu.lookAtFleet();
    await eu.readAndWrite();
    await eu.sell();
    await eu.watch();
    await eu.changePolicy();
    expect((await eu.lookForDrift()).filter((f) => f.kind === 'sensor')).toEqual([]);
    await eu.repair();
    await world.commandAbroad();
    await world.takenBack(`back-${(backs += 1)}`);
  };
  let backs = 0;

  it(
    proves(
      'is done as at any time while the region’s router is killed',
      { operation: 'place', failure: 'router-killed', outcome: 'works' },
      { operation: 'claim', failure: 'router-killed', outcome: 'works' },
      { operation: 'look-at-fleet', failure: 'router-killed', outcome: 'works' },
      { operation: 'read-documents', failure: 'router-killed', outcome: 'works' },
      { operation: 'write-documents', failure: 'router-killed', outcome: 'works' },
      { operation: 'sell-stock', failure: 'router-killed', outcome: 'works' },
      { operation: 'watch', failure: 'router-killed', outcome: 'works' },
      { operation: 'policy', failure: 'router-killed', outcome: 'works' },
      { operation: 'drift', failure: 'router-killed', outcome: 'works' },
      { operation: 'repair', failure: 'router-killed', outcome: 'works' },
      { operation: 'foreign-command', failure: 'router-killed', outcome: 'works' },
      { operation: 'cancel-intent', failure: 'router-killed', outcome: 'works' },
    ),
    async () => {
      await Promise.all([world.geodes.kill('router', 'eu'), all()]);
    },
    caseMs,
  );

  it(
    proves(
      'is done as at any time while it puts another process in its place',
      { operation: 'place', failure: 'router-restart', outcome: 'works' },
      { operation: 'claim', failure: 'router-restart', outcome: 'works' },
      { operation: 'look-at-fleet', failure: 'router-restart', outcome: 'works' },
      { operation: 'read-documents', failure: 'router-restart', outcome: 'works' },
      { operation: 'write-documents', failure: 'router-restart', outcome: 'works' },
      { operation: 'sell-stock', failure: 'router-restart', outcome: 'works' },
      { operation: 'watch', failure: 'router-restart', outcome: 'works' },
      { operation: 'policy', failure: 'router-restart', outcome: 'works' },
      { operation: 'drift', failure: 'router-restart', outcome: 'works' },
      { operation: 'repair', failure: 'router-restart', outcome: 'works' },
      { operation: 'foreign-command', failure: 'router-restart', outcome: 'works' },
      { operation: 'cancel-intent', failure: 'router-restart', outcome: 'works' },
    ),
    async () => {
      world.geodes.reloadRouter('eu');
      await all();
      await world.served('eu', 'at-eu');
    },
    caseMs,
  );

  it(
    proves(
      'is done as at any time while a stamp’s agent is held still',
      { operation: 'place', failure: 'agent-down', outcome: 'works' },
      { operation: 'claim', failure: 'agent-down', outcome: 'works' },
      { operation: 'look-at-fleet', failure: 'agent-down', outcome: 'works' },
      { operation: 'read-documents', failure: 'agent-down', outcome: 'works' },
      { operation: 'write-documents', failure: 'agent-down', outcome: 'works' },
      { operation: 'sell-stock', failure: 'agent-down', outcome: 'works' },
      { operation: 'watch', failure: 'agent-down', outcome: 'works' },
      { operation: 'policy', failure: 'agent-down', outcome: 'works' },
      { operation: 'drift', failure: 'agent-down', outcome: 'works' },
      { operation: 'repair', failure: 'agent-down', outcome: 'works' },
      { operation: 'foreign-command', failure: 'agent-down', outcome: 'works' },
      { operation: 'cancel-intent', failure: 'agent-down', outcome: 'works' },
    ),
    async () => {
      const thaw = world.geodes.freezeAgent('eu-1');
      try {
        await all();
      } finally {
        thaw();
      }
      await world.served('eu', 'at-eu');
    },
    caseMs,
  );
});

it(
  'what was taken back was never done',
  async () => {
    for (const id of world.takenBackIds) expect([id, await world.done('us', `tenant/${id}`, 'tenant.created')]).toEqual([id, 0]);
  },
  caseMs,
);
