import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import { DataSource } from 'typeorm';
import { addStamp, noNats, openDatabase, openWorld, tenantInput, type World, type WorldDatabase } from '../../test/world.js';
import { domainFeatures } from '../process/features.js';
import { ledgerIds, ledgerRows, missingInLedger, takeLedgerRows, type HeldLoss } from './held-ledger.js';
import { recoverLedger } from './recover-ledger.js';

describe('rows of the ledger that a restored region asks for', () => {
  let database: WorldDatabase;
  let world: World;
  let dataSource: DataSource;
  const side = { at: '1', region: 'eu', value: 'x' };
  const lossOf = (id: string, tenant: string | null): HeldLoss => ({
    ...{ id, policy: 'lww', subject: `document/settings/${tenant}/a`, winner: side, loser: side, cause: 'both' },
    ...(tenant === null ? { collection: null, tenant, field: null } : { collection: 'settings', tenant, field: 'colour' }),
    detectedAt: '2026-01-02T03:04:05.678Z',
  });
  const take = async (rows: readonly HeldLoss[]): Promise<number> => inTransaction(dataSource, async (tx) => takeLedgerRows(tx, rows));
  const all = async (): Promise<unknown[]> => rowsOf(dataSource, 'SELECT id, tenant, detected_at FROM conflict ORDER BY id');

  beforeAll(async () => {
    database = await openDatabase();
    world = await openWorld(database, { features: domainFeatures, natsUrl: noNats });
    dataSource = world.app.get(DataSource);
    await addStamp(world, 'eu-1', 100);
    for (const body of [tenantInput('acme'), tenantInput('strict', { residency: ['eu'] })])
      expect((await world.ask('POST', '/v1/tenants', { body })).status).toBe(201);
    await world.query(`INSERT INTO region VALUES ('us', 'us', 'us', 0, 0, 'none') ON CONFLICT DO NOTHING`);
  });
  afterAll(async () => {
    await world.close();
    await database.drop();
  });
  beforeEach(async () => {
    await world.query('DELETE FROM conflict');
  });

  it('are written down once, as the other region found them', async () => {
    const rows = [lossOf('collection:1', ''), lossOf('collection:2', 'acme'), lossOf('name:acme', null)];
    expect([await take(rows), await take(rows)]).toEqual([3, 0]);
    expect(await all()).toEqual(rows.map(({ id, tenant, detectedAt }) => ({ id, tenant, detected_at: new Date(detectedAt) })));
    expect(await missingInLedger(dataSource, ['collection:2', 'collection:3'])).toEqual(['collection:3']);
    expect(await ledgerRows(dataSource, 'us', ['collection:2'])).toEqual([rows[1]]);
  });

  it('are not told of a tenant whose documents must not be in the region that asks, nor of one that nobody here knows (I3)', async () => {
    await take([lossOf('collection:1', ''), lossOf('collection:2', 'acme'), lossOf('collection:3', 'strict'), lossOf('name:acme', null)]);
    await world.query(`UPDATE conflict SET tenant = 'nobody' WHERE id = 'collection:1'`);
    const idsFor = async (peer: string): Promise<string[]> => await ledgerIds(dataSource, peer, '');
    expect([await idsFor('us'), await idsFor('eu')]).toEqual([
      ['collection:2', 'name:acme'],
      ['collection:2', 'collection:3', 'name:acme'],
    ]);
    expect(await ledgerRows(dataSource, 'us', ['collection:3'])).toEqual([]);
    expect(await ledgerIds(dataSource, 'us', 'collection:2')).toEqual(['name:acme']);
  });

  it('are not taken of a tenant whose documents must not be here, whatever a peer says (I3)', async () => {
    await world.query(`UPDATE tenant SET residency = '{us}' WHERE id = 'strict'`);
    expect(await take([lossOf('collection:2', 'acme'), lossOf('collection:3', 'strict')])).toBe(1);
    await world.query(`UPDATE tenant SET residency = '{eu}' WHERE id = 'strict'`);
  });

  it('are all fetched where answers hold fewer than were asked for, and where some have gone meanwhile', async () => {
    const held = new Map(
      Array.from({ length: 250 }, (_, i) => `collection:${String(i).padStart(3, '0')}`).map((id) => [id, lossOf(id, '')]),
    );
    const ids = [...held.keys()];
    for (const gone of [...ids.slice(0, 100), ids[120]!, ids[249]!]) held.delete(gone);
    const found = await recoverLedger(dataSource, async (question) => {
      if (question.want === 'ledger') {
        const page = ids.filter((id) => id > question.after).slice(0, 130);
        return Promise.resolve({ items: page, next: page.at(-1) ?? null });
      }
      const asked = question.want === 'ledger-rows' ? question.ids : [];
      return Promise.resolve({ items: asked.flatMap((id) => held.get(id) ?? []).slice(0, 40), next: null });
    });
    expect(found).toBe(148);
    expect((await all()).length).toBe(148);
  });
});
