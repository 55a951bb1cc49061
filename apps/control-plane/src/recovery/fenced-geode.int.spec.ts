import { waitFor } from '@lapidary/kernel/wait-for';
import { freshRegion, testNats } from '@lapidary/testing/backends';
import { proves } from '@lapidary/testing/proves';
import { askGeode as ask, openGeode, type Geode } from '../../test/geode.js';
import { CollectionsModule } from '../collections/collections.module.js';
import { DigestsModule } from '../digests/digests.module.js';
import { RecoveryModule } from './recovery.module.js';

const timeoutMs = 40_000;

/** Whole control planes: their workers, and their APIs. */
describe('a control plane whose database was set back', () => {
  let eu: Geode;
  let us: Geode;
  beforeAll(async () => {
    const [a, b] = [freshRegion(), freshRegion()];
    const more = [CollectionsModule, DigestsModule, RecoveryModule];
    [eu, us] = (await Promise.all(
      [a, b].map(async (region, i, all) => openGeode(region, { region: all[1 - i]!, natsUrl: testNats().url }, more)),
    )) as [Geode, Geode];
  });
  afterAll(async () => Promise.all([eu?.close(), us?.close()]));

  const recovery = async (): Promise<{ state: string; waitsFor: unknown[] } | null> =>
    (await ask(eu, 'GET', '/v1/geode')).body['recovery'] as { state: string; waitsFor: unknown[] } | null;
  const operate = (operation: Record<string, unknown>) => ask(eu, 'POST', '/v1/collections/stock/lamp', { operations: [operation] });

  it(
    proves(
      'answers commands by region_restored and reads as ever, then opens by itself and writes under its new epoch, in the same process',
      { operation: 'read-documents', failure: 'database-restored', outcome: 'works' },
      { operation: 'look-at-fleet', failure: 'database-restored', outcome: 'works' },
    ),
    async () => {
      expect(
        (await ask(eu, 'PUT', '/v1/collections/stock', { scope: 'fleet', policy: { kind: 'counter', bounded: true } })).status,
      ).toBeLessThan(300);
      expect((await operate({ op: 'add', units: 5 })).status).toBe(200);
      expect((await ask(eu, 'POST', '/v1/tenants', { id: 'early', region: eu.region })).status).toBe(201);
      await waitFor('the replica', async () => ((await ask(us, 'GET', '/v1/tenants/early')).status === 200 ? true : undefined), {
        timeoutMs,
      });
      // The peer is cut off from what it would answer, so that the fence stays while it is looked at.
      await us.resources.dataSource.query('ALTER TABLE collection RENAME TO collection_away');
      await us.resources.dataSource.query('UPDATE version_vector SET sequence = sequence + 7 WHERE origin = $1', [eu.region]);
      await waitFor('the fence', async () => ((await recovery())?.state === 'reconciling' ? true : undefined), { timeoutMs });
      const refused = await Promise.all([
        operate({ op: 'subtract', units: 1 }),
        ask(eu, 'POST', '/v1/tenants', { id: 'late', region: eu.region }),
        ask(eu, 'PATCH', '/v1/tenants/early', { labels: { a: 'b' } }),
      ]);
      expect(refused.map((r) => [r.status, r.body['code']])).toEqual(refused.map(() => [503, 'region_restored']));
      expect((await ask(eu, 'GET', '/v1/collections/stock/lamp')).body['value']).toBe(5);
      expect((await ask(eu, 'GET', '/v1/tenants/early')).status).toBe(200);
      expect((await recovery())!.waitsFor).toEqual([expect.objectContaining({ region: us.region })]);
      const open = await ask(eu, 'POST', '/v1/geode/recovery/reseed', { reason: 'not needed' });
      expect([open.status, open.body['code']]).toEqual([409, 'illegal_transition']);
      await us.resources.dataSource.query('ALTER TABLE collection_away RENAME TO collection');
      await waitFor('the region to open', async () => ((await recovery()) === null ? true : undefined), { timeoutMs });
      expect((await ask(eu, 'GET', '/v1/geode')).body['epoch']).toBe(2);
      await waitFor('a sale', async () => ((await operate({ op: 'subtract', units: 5 })).status === 200 ? true : undefined), { timeoutMs });
      expect((await operate({ op: 'subtract', units: 1 })).body['code']).toBe('rights_exhausted');
      const [row] = await eu.resources.dataSource.query(`SELECT state->'rows' AS rows FROM document WHERE id = 'lamp'`);
      expect(Object.keys(row.rows as object).sort()).toEqual([`${eu.region}#1`, `${eu.region}#2`]);
      expect((await ask(eu, 'PATCH', '/v1/tenants/early', { labels: { a: 'b' } })).status).toBe(200);
      await waitFor(
        'the peer to have it',
        async () =>
          ((await ask(us, 'GET', '/v1/tenants/early')).body['labels'] as Record<string, string>)['a'] === 'b' ? true : undefined,
        { timeoutMs },
      );
    },
  );
});
