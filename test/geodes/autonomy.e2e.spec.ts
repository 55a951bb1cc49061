import type { IntentView } from '@lapidary/contracts/api/intents';
import type { TenantView } from '@lapidary/contracts/api/tenants';
import { waitFor } from '@lapidary/kernel/wait-for';
import { proves } from '@lapidary/testing/proves';
import { provisionFirstStamp } from '../../tools/local/provision-first-stamp.js';
import type { ApiAnswer } from '../e2e/api-client.js';
import { throughRouter } from '../e2e/router-client.js';
import { Geodes } from './geodes.js';
import { OrdinaryWork } from './ordinary-work.js';

/** P-GE6: with the link to the other region gone, a region stands on its own; what needs the other one waits, and is done once. */
const caseMs = 300_000;
const regions = ['eu', 'us'];
const other = (region: string): string => (region === 'eu' ? 'us' : 'eu');
const collection = { scope: 'fleet', policy: { kind: 'lww' } };
const stock = { scope: 'fleet', policy: { kind: 'counter', bounded: true } };
const workIn = (region: string): OrdinaryWork => new OrdinaryWork(geodes, region, { notes: 'notes', stock: 'stock' });
let policyVersion = 0;

/** A command for the other region, done there at once. */
const commandAbroad = async (): Promise<void> => {
  for (const [verb, body] of [
    ['cordon', { reason: 'from afar' }],
    ['uncordon', {}],
  ] as const)
    expect((await geodes.api('eu').post(`/v1/stamps/us-1/${verb}`, body)).status).toBe(200);
};
/** A command that waits, because the other region is cut off for the moment, and is taken back before it is not. */
const takenBack = async (id: string): Promise<void> => {
  geodes.breakAll('cut');
  try {
    const { status, body } = await create('eu', id, 'us');
    expect(status).toBe(202);
    const cancel = await geodes.api('eu').post(`/v1/intents/${(body as IntentView).id}/cancel`, { reason: 'not any more' });
    expect((cancel.body as IntentView).state).toBe('cancelled');
  } finally {
    geodes.breakAll('open');
  }
  expected.set(`tenant/${id}`, 0);
};

let geodes: Geodes;
/** Subject of an intent → how often its owner shall have done it. */
const expected = new Map<string, number>();
const provision = (stamp: string): Promise<boolean> =>
  provisionFirstStamp({ api: geodes.apiUrl(stamp.slice(0, 2)), token: geodes.token }, stamp, () => undefined);
const host = (tenant: string): string => `${tenant}.lapidary.localhost`;
const through = async (region: string, tenant: string, path = '/api/whoami', options = {}) =>
  await throughRouter(geodes.router(region), host(tenant), path, options).catch(() => null);
const served = (region: string, tenant: string): Promise<unknown> =>
  waitFor(`${tenant} to be served in ${region}`, async () => (await through(region, tenant))?.status === 200 || undefined, {
    timeoutMs: 60_000,
  });
/** Answers of control planes that are being killed are asked for again, under the same key. */
const asked = async (region: string, path: string, body: unknown, idempotencyKey: string): Promise<ApiAnswer> =>
  await waitFor(
    `${region} to answer`,
    async () => {
      const answer = await geodes
        .api(region)
        .post(path, body, { idempotencyKey })
        .catch(() => null);
      return answer !== null && answer.status < 500 ? answer : undefined;
    },
    { timeoutMs: 120_000 },
  );
const create = (at: string, id: string, region: string, seconds?: number) =>
  seconds === undefined
    ? asked(at, '/v1/tenants', { id, region }, id)
    : geodes.api(at).post('/v1/tenants', { id, region }, { headers: { 'x-lapidary-intent-seconds': String(seconds) } });
const tenantIn = async (region: string, id: string): Promise<TenantView | null> => {
  const answer = await geodes
    .api(region)
    .get(`/v1/tenants/${id}`)
    .catch(() => null);
  return answer?.status === 200 ? (answer.body as TenantView) : null;
};
const intentsIn = async (region: string, state = 'open'): Promise<IntentView[]> => {
  const { body } = await geodes.api(region).get(`/v1/intents?state=${state}&limit=200`);
  return (body as { items: IntentView[] }).items;
};
const cutSeen = (): Promise<unknown> =>
  Promise.all(
    regions.map((region) =>
      waitFor(
        `${region} to see that it is alone`,
        async () => {
          const { body } = await geodes.api(region).get('/v1/geode');
          return (body as { autonomousSince: string | null }).autonomousSince ?? undefined;
        },
        { timeoutMs: 60_000 },
      ),
    ),
  );
/** How often a region's audit says that it did it (I10). */
const done = async (region: string, subject: string, action: string): Promise<number> => {
  const database = await geodes.connect(region);
  try {
    return (await database.query('SELECT 1 FROM audit WHERE subject = $1 AND action = $2', [subject, action])).rowCount ?? 0;
  } finally {
    await database.end();
  }
};
const key = (id: string): string => String(id.split('.')[1]);

beforeAll(async () => {
  geodes = await Geodes.start('autonomy', regions, { stamps: true, inMemory: true });
  await Promise.all(regions.map((region) => provision(`${region}-1`)));
  for (const region of regions) expect((await create(region, `at-${region}`, region)).status).toBe(201);
  expect((await geodes.api('eu').put('/v1/collections/notes', collection)).status).toBeLessThan(300);
  expect((await geodes.api('eu').put('/v1/collections/stock', stock)).status).toBeLessThan(300);
  await geodes.client('eu').operate('stock', 'lamp', [{ op: 'add', units: 100 }]);
  await geodes.client('eu').put('notes', 'n', { text: 'before' });
  await waitFor('us to have the note', async () => (await geodes.client('us').read('notes', 'n')) ?? undefined, { timeoutMs: 60_000 });
  for (const region of regions) await served(region, `at-${region}`);
  geodes.breakAll('cut');
  await cutSeen();
}, caseMs);
afterAll(async () => geodes?.stop(), 60_000);

describe('while each region is alone', () => {
  it(
    proves('a region places tenants of its own, and serves them', { operation: 'place', failure: 'regions-cut', outcome: 'works' }),
    async () => {
      for (const region of regions) {
        const { status, body } = await create(region, `alone-${region}`, region);
        expect([status, (body as TenantView).status]).toEqual([201, 'placed']);
        await served(region, `alone-${region}`);
      }
    },
    caseMs,
  );

  it(
    proves('a region builds a stamp of its own from the template, and it serves', {
      operation: 'provision',
      failure: 'regions-cut',
      outcome: 'works',
    }),
    async () => {
      await provision('eu-2');
      const { body } = await geodes.api('eu').get('/v1/stamps/eu-2');
      expect(body).toMatchObject({ status: 'active', health: 'healthy' });
    },
    caseMs,
  );

  it(
    proves('routers serve what the region owns, reads and writes', { operation: 'route', failure: 'regions-cut', outcome: 'works' }),
    async () => {
      for (const region of regions) {
        const item = { name: 'lamp', stock: 3, priceCents: 500 };
        const put = await through(region, `at-${region}`, '/api/inventory/lamp', { method: 'PUT', body: item });
        expect(put?.status).toBe(200);
        expect((await through(region, `at-${region}`, '/api/inventory/lamp'))?.status).toBe(200);
      }
    },
    caseMs,
  );

  it(
    proves(
      'documents are read and written in both regions',
      { operation: 'read-documents', failure: 'regions-cut', outcome: 'works' },
      { operation: 'write-documents', failure: 'regions-cut', outcome: 'works' },
    ),
    async () => {
      for (const region of regions) {
        await geodes.client(region).patch('notes', 'n', { [region]: region });
        expect((await geodes.client(region).read('notes', 'n'))?.value).toEqual({ text: 'before', [region]: region });
      }
    },
    caseMs,
  );

  it(
    proves('each shows the whole fleet as far as it knows it, and that it is alone', {
      operation: 'look-at-fleet',
      failure: 'regions-cut',
      outcome: 'works',
    }),
    async () => {
      for (const region of regions) {
        expect((await tenantIn(region, `at-${other(region)}`))?.region).toBe(other(region));
        const { body } = await geodes.api(region).get('/v1/geode');
        expect(body).toMatchObject({ autonomousSince: expect.any(String), peers: [{ region: other(region), link: 'cut' }] });
      }
    },
    caseMs,
  );

  it(
    proves(
      'watchers hear of changes, a policy is changed, drift is looked for, and what the region itself keeps is put right',
      { operation: 'watch', failure: 'regions-cut', outcome: 'works' },
      { operation: 'policy', failure: 'regions-cut', outcome: 'works' },
      { operation: 'drift', failure: 'regions-cut', outcome: 'works' },
      { operation: 'repair', failure: 'regions-cut', outcome: 'works' },
    ),
    async () => {
      await workIn('eu').watch();
      policyVersion = await workIn('eu').changePolicy();
      const database = await geodes.connect('eu');
      // A wrong line in the directory, as somebody at the database would make it: no router has heard of it.
      await database.query(`UPDATE directory_entry SET body = jsonb_set(body, '{epoch}', '41') WHERE key = 'tenant/at-eu'`);
      await database.end();
      const ofRoute = ({ kind, path }: { kind: string; path: string }): boolean => kind === 'route-epoch' && path === 'tenant/at-eu';
      expect((await workIn('eu').lookForDrift()).filter(ofRoute).map((f) => f.subject)).toContain('directory/eu');
      expect((await workIn('eu').repair()).repairs).toContainEqual(expect.objectContaining({ path: 'tenant/at-eu', outcome: 'restored' }));
      await served('eu', 'at-eu');
      expect((await workIn('eu').lookForDrift()).filter((f) => ofRoute(f) && f.subject === 'directory/eu')).toEqual([]);
    },
    caseMs,
  );
});

describe('what needs the other region', () => {
  it(
    proves(
      'waits, through kills of the control plane that took it and of the one that shall do it, and is done once; what was taken back never is',
      { operation: 'foreign-command', failure: 'regions-cut', outcome: 'waits' },
      { operation: 'foreign-command', failure: 'control-plane-down', outcome: 'recovers' },
      { operation: 'cancel-intent', failure: 'regions-cut', outcome: 'works' },
    ),
    async () => {
      const ids = Array.from({ length: 12 }, (_, i) => `queued-${i}`);
      // The control plane that takes them is killed in the middle: what was answered 202 must be there afterwards.
      const [answers] = await Promise.all([
        Promise.all(ids.map((id) => create('eu', id, 'us'))),
        waitFor('some to be taken', async () => (await intentsIn('eu').catch(() => [])).length > 2 || undefined, {
          timeoutMs: 60_000,
        }).then(() => geodes.kill('control-plane', 'eu')),
      ]);
      expect(answers.map((a) => a.status)).toEqual(ids.map(() => 202));
      for (const id of ids) expected.set(`tenant/${id}`, 1);
      const cordon = await asked('eu', '/v1/stamps/us-1/cordon', { reason: 'from afar' }, 'cordon');
      const uncordon = await asked('eu', '/v1/stamps/us-1/uncordon', {}, 'uncordon');
      const unwanted = await create('eu', 'unwanted', 'us');
      const late = await create('eu', 'too-late', 'us', 5);
      expect([cordon, uncordon, unwanted, late].map((a) => a.status)).toEqual([202, 202, 202, 202]);
      expected.set('tenant/unwanted', 0).set('tenant/too-late', 0);
      const cancel = await geodes.api('eu').post(`/v1/intents/${(unwanted.body as IntentView).id}/cancel`, { reason: 'not any more' });
      expect((cancel.body as IntentView).state).toBe('cancelled');
      await waitFor('one to run out of time', async () => (await intentsIn('eu', 'expired')).length === 1 || undefined, {
        timeoutMs: 60_000,
      });
      expect((await intentsIn('eu')).length).toBe(ids.length + 2);
      const { body: geode } = await geodes.api('eu').get('/v1/geode');
      expect(geode).toMatchObject({ intents: { open: ids.length + 2 } });

      // Both names of the same tenant, for the rule of claims below.
      for (const region of regions) expect((await create(region, 'claimed', region)).status).toBe(201);

      geodes.breakAll('open');
      // While they are executed, and answers are on their way: both sides, killed twice.
      for (let i = 0; i < 2; i += 1) await Promise.all(regions.map((region) => geodes.kill('control-plane', region)));
      await waitFor('nothing to wait any more', async () => (await intentsIn('eu')).length === 0 || undefined, { timeoutMs: 120_000 });
      expect((await intentsIn('eu', 'executed')).map((i) => i.subject).sort()).toEqual(
        [...ids.map((id) => `tenant/${id}`), 'stamp/us-1', 'stamp/us-1'].sort(),
      );
      for (const [subject, times] of expected) expect([subject, await done('us', subject, 'tenant.created')]).toEqual([subject, times]);
      expect(await done('us', 'stamp/us-1', 'stamp.cordoned')).toBe(1);
      expect(await done('us', 'stamp/us-1', 'stamp.uncordoned')).toBe(1);
      // The order in which they were asked: it takes tenants again.
      expect((await geodes.api('us').get('/v1/stamps/us-1')).body).toMatchObject({ cordoned: false });
      // Both sides say the same of each.
      const database = await geodes.connect('us');
      const { rows } = await database.query<{ id: string; verdict: string }>(`SELECT id, verdict FROM intent_verdict WHERE origin = 'eu'`);
      await database.end();
      const verdicts = new Map(rows.map((r) => [r.id, r.verdict]));
      for (const { id, attempts, state } of [...(await intentsIn('eu', 'executed')), ...(await intentsIn('eu', 'expired'))])
        expect([state, attempts > 0 ? verdicts.get(key(id)) : state]).toEqual([state, state]);
      for (const id of ids) await served('us', id);
    },
    caseMs,
  );

  it(
    proves('a name that both gave out goes to the first by the rule, everywhere; the other is suspended, kept, and in both ledgers', {
      operation: 'claim',
      failure: 'regions-cut',
      outcome: 'works',
    }),
    async () => {
      const seen = await waitFor(
        'both to agree',
        async () => {
          const views = await Promise.all(regions.map((region) => tenantIn(region, 'claimed')));
          const ledgers = await Promise.all(
            regions.map(
              async (region) => (await geodes.api(region).get('/v1/conflicts?subject=tenant/claimed')).body as { items: { id: string }[] },
            ),
          );
          return views.every((v) => v !== null) && ledgers.every((l) => l.items.length === 1)
            ? { views: views as TenantView[], ledgers }
            : undefined;
        },
        { timeoutMs: 60_000 },
      );
      // eu was asked first: by the lowest hybrid time the name is its tenant's, or by the region's id where the clocks were equal.
      const [euDatabase, usDatabase] = await Promise.all(regions.map((region) => geodes.connect(region)));
      const claimOf = async (region: string, database: typeof euDatabase) => {
        const { rows } = await database!.query<{ home_region: string; status: string }>(
          `SELECT home_region, status FROM tenant WHERE id = 'claimed'`,
        );
        return { region, ...rows[0]! };
      };
      const own = await waitFor(
        'the loser to be suspended in its region',
        async () => {
          const rows = [await claimOf('eu', euDatabase), await claimOf('us', usDatabase)];
          return rows.some((r) => r.status === 'suspended') ? rows : undefined;
        },
        { timeoutMs: 60_000 },
      );
      await Promise.all([euDatabase!.end(), usDatabase!.end()]);
      expect(new Set(seen.ledgers.map((l) => l.items[0]!.id)).size).toBe(1);
      const winner = (seen.ledgers[0]!.items[0] as unknown as { winner: { region: string } }).winner.region;
      expect((seen.ledgers[1]!.items[0] as unknown as { winner: { region: string } }).winner.region).toBe(winner);
      expect(winner).toBe('eu');
      expect(own.find((r) => r.region === 'us')?.status).toBe('suspended');
      expect(own.find((r) => r.region === 'eu')?.status).toBe('placed');
      await served('eu', 'claimed');
    },
    caseMs,
  );

  it(
    'everything written alone is everywhere afterwards',
    async () => {
      for (const region of regions)
        await waitFor(
          `${region} to show it all`,
          async () => {
            const note = await geodes.client(region).read('notes', 'n');
            const theirs = await tenantIn(region, `alone-${other(region)}`);
            const { version } = (await geodes.api(region).get('/v1/collections/notes')).body as { version: number };
            return (
              (theirs !== null && version === policyVersion && ['eu', 'text', 'us'].every((name) => name in (note!.value as object))) ||
              undefined
            );
          },
          { timeoutMs: 60_000 },
        );
    },
    caseMs,
  );
});

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
      geodes.breakAll('black-hole');
      try {
        await workIn('eu').watch();
        await workIn('eu').changePolicy();
        await workIn('eu').lookForDrift();
        await workIn('eu').repair();
        await provision('eu-3');
        for (const region of regions) expect((await create(region, 'claimed-in-silence', region)).status).toBe(201);
        for (const region of regions) {
          expect((await create(region, `silent-${region}`, region)).status).toBe(201);
          await served(region, `silent-${region}`);
          await geodes.client(region).patch('notes', 'n', { [`silent-${region}`]: true });
          expect((await geodes.client(region).read('notes', 'n'))?.value).toMatchObject({ [`silent-${region}`]: true });
          expect((await tenantIn(region, `at-${other(region)}`))?.region).toBe(other(region));
        }
      } finally {
        geodes.breakAll('open');
      }
      await geodes.connected();
      // The name is one tenant’s, once both have heard of each other: the other one is suspended.
      await waitFor(
        'one of the two',
        async () => {
          const both = await Promise.all(regions.map((region) => tenantIn(region, 'claimed-in-silence')));
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
      const thaw = geodes.freeze('nats', 'eu');
      try {
        const eu = workIn('eu');
        await eu.lookAtFleet();
        await eu.sell();
        await eu.watch();
        await eu.changePolicy();
        // It travels over the other region's NATS.
        await commandAbroad();
        const { status, body } = await create('eu', 'without-nats', 'eu');
        expect([status, (body as TenantView).status]).toEqual([201, 'placed']);
        expect((await through('eu', 'at-eu'))?.status).toBe(200);
        await geodes.client('eu').patch('notes', 'n', { more: 'written' });
        expect((await geodes.client('eu').read('notes', 'n'))?.value).toMatchObject({ more: 'written' });
        await takenBack('without-nats-there');
        await eu.lookForDrift();
        await eu.repair();
      } finally {
        thaw();
      }
      await served('eu', 'without-nats');
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
      const eu = workIn('eu');
      const whileHeld = async (): Promise<void> => {
        const thaw = geodes.freeze('control-plane', 'eu');
        const placing = geodes.api('eu').post('/v1/tenants', { id: 'patient', region: 'eu' }, { idempotencyKey: 'patient' });
        const others = Promise.all([eu.lookAtFleet(), eu.readAndWrite(), eu.sell(), eu.changePolicy(), eu.repair()]);
        others.catch(() => undefined);
        try {
          for (let i = 0; i < 5; i += 1) expect((await through('eu', 'at-eu'))?.status).toBe(200);
        } finally {
          thaw();
        }
        expect((await placing).status).toBe(201);
        await others;
      };
      await eu.watch(whileHeld);
      expect((await create('eu', 'patient', 'eu')).status).toBe(201);
      expect(await done('eu', 'tenant/patient', 'tenant.created')).toBe(1);
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
      const eu = workIn('eu');
      const whileHeld = async (): Promise<void> => {
        const thaws = regions.flatMap((region) =>
          (['control-plane', 'nats', 'postgres'] as const).map((part) => geodes.freeze(part, region)),
        );
        const placing = asked('eu', '/v1/tenants', { id: 'most-patient', region: 'eu' }, 'most-patient');
        const others = Promise.all([eu.lookAtFleet(), eu.readAndWrite(), eu.sell(), eu.changePolicy(), eu.lookForDrift()]);
        others.catch(() => undefined);
        try {
          for (const region of regions) expect((await through(region, `at-${region}`))?.status).toBe(200);
        } finally {
          for (const thaw of thaws) thaw();
        }
        expect((await placing).status).toBe(201);
        await others;
      };
      await eu.watch(whileHeld);
      await geodes.connected();
      expect(await done('eu', 'tenant/most-patient', 'tenant.created')).toBe(1);
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
          const { status, body } = await asked('eu', '/v1/tenants', { id, region: regions[i % 2] }, id);
          return [id, status === 201 || status === 202 ? true : { status, body }];
        }),
      );
      asking.catch(() => undefined);
      for (const region of [...regions, ...regions]) await geodes.kill('postgres', region);
      expect(Object.fromEntries(await asking)).toEqual(Object.fromEntries(ids.map((id) => [id, true])));
      await waitFor('nothing to wait any more', async () => (await intentsIn('eu')).length === 0 || undefined, { timeoutMs: 60_000 });
      for (const [i, id] of ids.entries()) expect([id, await done(regions[i % 2]!, `tenant/${id}`, 'tenant.created')]).toEqual([id, 1]);
      await waitFor(
        'both to show them',
        async () => {
          const shown = await Promise.all(regions.flatMap((region) => ids.map((id) => tenantIn(region, id))));
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
    const eu = workIn('eu');
    await eu.place();
    await eu.lookAtFleet();
    await eu.readAndWrite();
    await eu.sell();
    await eu.watch();
    await eu.changePolicy();
    expect((await eu.lookForDrift()).filter((f) => f.kind === 'sensor')).toEqual([]);
    await eu.repair();
    await commandAbroad();
    await takenBack(`back-${(backs += 1)}`);
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
      await Promise.all([geodes.kill('router', 'eu'), all()]);
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
      geodes.reloadRouter('eu');
      await all();
      await served('eu', 'at-eu');
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
      const thaw = geodes.freezeAgent('eu-1');
      try {
        await all();
      } finally {
        thaw();
      }
      await served('eu', 'at-eu');
    },
    caseMs,
  );
});
