import { rowsOf } from '@lapidary/db/rows';
import { readEvents } from '@lapidary/replication/read-events';
import { ingest } from '../replication/ingest.js';
import { handOver, logOf, openTwoRegions, toolsOf } from '../replication/testing/two-regions.js';
import { lookAgain } from './look-again.js';
import { CollectionRegion, definitionOf } from './testing/collection-region.js';

const documents = 450;
const signal = new AbortController().signal;

let eu: CollectionRegion;
let us: CollectionRegion;
let close: () => Promise<void>;

beforeEach(async () => {
  const two = await openTwoRegions();
  close = two.close;
  [eu, us] = [new CollectionRegion(two.eu), new CollectionRegion(two.us)];
  await eu.define('shop', definitionOf({ kind: 'lww' }));
  await handOver(eu.region, us.region);
  for (const region of [eu, us]) await writeConflicts(region);
});
afterEach(async () => close());

/** Three regions wrote one field: 1, then 2, then 2 again. By the last write one value is not shown, by the lowest two are not. */
const writeConflicts = async ({ region }: CollectionRegion, tenant = '', of = documents): Promise<void> => {
  const at = (ms: number, name: string): string => `${1_700_000_000_000 + ms}.0000.${name}`;
  const price = {
    siblings: [
      { at: at(1, 'aa'), value: 1 },
      { at: at(2, 'bb'), value: 2 },
      { at: at(3, 'cc'), value: 2 },
    ],
    seen: { aa: at(1, 'aa'), bb: at(2, 'bb'), cc: at(3, 'cc') },
  };
  const alive = { siblings: [{ at: at(1, 'aa'), value: true }], seen: { aa: at(1, 'aa') } };
  await region.dataSource.query(
    `INSERT INTO document (collection, kind, tenant, id, state, exists, digest, bytes, conflicts, latest)
     SELECT 'shop', 'lww', $3, 'd' || n, $1::jsonb, true, md5(n::text), 300, 1, '' FROM generate_series(1, $2::int) AS n`,
    [JSON.stringify({ kind: 'lww', fields: { price }, alive }), of, tenant],
  );
};

const look = async ({ region }: CollectionRegion, options: { readonly atOnce?: number; readonly signal?: AbortSignal } = {}) => {
  const heard = { losses: 0, unreadable: [] as string[] };
  const tools = {
    region: region.name,
    dataSource: region.dataSource,
    clock: region.clock,
    onLosses: (_: string, count: number): void => void (heard.losses += count),
    onUnreadable: (found: readonly string[]): void => void heard.unreadable.push(...found),
  };
  return { looked: await lookAgain(tools, options.signal ?? signal, options.atOnce ?? 100), ...heard };
};
const placeOf = async ({ region }: CollectionRegion): Promise<unknown[]> =>
  await rowsOf(region.dataSource, 'SELECT collection, tenant, id FROM collection_look');
const counts = async ({ region }: CollectionRegion): Promise<Record<string, number>> => {
  const sql = `SELECT conflicts, count(*)::int AS documents FROM document WHERE collection = 'shop' GROUP BY 1`;
  const rows = await rowsOf<{ conflicts: number; documents: number }>(region.dataSource, sql);
  return Object.fromEntries(rows.map((r) => [String(r.conflicts), r.documents]));
};
const rowsInLedger = async ({ region }: CollectionRegion): Promise<number> =>
  (await rowsOf(region.dataSource, `SELECT 1 FROM conflict WHERE field = 'price'`)).length;
const takeNew = async (): Promise<void> => {
  const events = readEvents(eu.region.name, await logOf(eu.region));
  await ingest(us.region.dataSource, toolsOf(us.region), eu.region.name, events);
};

describe('a definition that another region tells', () => {
  it('touches no document where the rules are what they were', async () => {
    const [before] = await rowsOf(us.region.dataSource, 'SELECT max(xmin::text::bigint) AS last FROM document');
    const { budgets, ...more } = definitionOf({ kind: 'lww' });
    await eu.define('shop', { ...more, budgets: { ...budgets, documents: 7 } });
    await takeNew();
    expect([await placeOf(eu), await placeOf(us), await rowsInLedger(us)]).toEqual([[], [], 0]);
    expect(await rowsOf(us.region.dataSource, 'SELECT max(xmin::text::bigint) AS last FROM document')).toEqual([before]);
  });

  it('is in force at once; numbers and ledger follow piece by piece, the same in every region (L3, L4)', async () => {
    await eu.define('shop', definitionOf({ kind: 'lww', rules: { price: 'lowest' } }));
    await takeNew();
    expect(await us.value('shop', 'd7')).toEqual({ price: 1 });
    // Nothing of it in the transaction that took the definition in.
    expect([await counts(us), await rowsInLedger(us)]).toEqual([{ '1': documents }, 0]);
    expect(await placeOf(us)).toEqual([{ collection: 'shop', tenant: '', id: '' }]);
    expect(await look(us)).toEqual({ looked: documents, losses: 2 * documents, unreadable: [] });
    expect(await look(eu, { atOnce: 7 })).toEqual({ looked: documents, losses: 2 * documents, unreadable: [] });
    expect([await counts(us), await placeOf(us)]).toEqual([{ '2': documents }, []]);
    expect(await eu.everything()).toEqual(await us.everything());
    expect((await look(us)).looked).toBe(0);
  });
});

describe('a look at what is not shown', () => {
  const changeRules = async (): Promise<void> => eu.define('shop', definitionOf({ kind: 'lww', rules: { price: 'lowest' } }));

  it('that is killed in the middle of a piece goes on after the last whole one, and ends as another that was not (L1)', async () => {
    await changeRules();
    await takeNew();
    // In the third piece the connection ends as that of a process does that is killed.
    await us.region.dataSource.query(`
      CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$;
      CREATE TRIGGER die BEFORE UPDATE ON document FOR EACH ROW WHEN (NEW.id = 'd45') EXECUTE FUNCTION die();`);
    await expect(look(us)).rejects.toThrow();
    const sorted = Array.from({ length: documents }, (_, i) => `d${i + 1}`).sort();
    const whole = Math.floor(sorted.indexOf('d45') / 100) * 100;
    expect(await counts(us)).toEqual({ '1': documents - whole, '2': whole });
    expect(await rowsInLedger(us)).toBe(2 * whole);
    expect(await placeOf(us)).toEqual([{ collection: 'shop', tenant: '', id: sorted[whole - 1] }]);
    await us.region.dataSource.query('DROP TRIGGER die ON document');
    expect((await look(us)).looked).toBe(documents - whole);
    await look(eu);
    expect(await us.everything()).toEqual(await eu.everything());
  });

  it('begins anew where the rules change again meanwhile, and goes by the last ones (L2)', async () => {
    await changeRules();
    await takeNew();
    await us.region.dataSource.query(`UPDATE collection_look SET tenant = '', id = 'd3'`);
    await eu.define('shop', definitionOf({ kind: 'lww', rules: { price: 'first-write' } }));
    await eu.define('shop', definitionOf({ kind: 'lww', rules: { price: 'prefer:bb' } }));
    await takeNew();
    expect(await placeOf(us)).toEqual([{ collection: 'shop', tenant: '', id: '' }]);
    // A leader that has to end leaves everything to the next one.
    expect((await look(us, { signal: AbortSignal.abort() })).looked).toBe(0);
    expect((await look(us)).looked).toBe(documents);
    await look(eu);
    expect([await counts(us), await us.everything()]).toEqual([{ '1': documents }, await eu.everything()]);
  });

  it('by two processes at once, while people write and others define, is done once and waits for nobody in a circle', async () => {
    await changeRules();
    await takeNew();
    const writes = Array.from({ length: 30 }, async (_, i) => us.write('shop', `d${i + 1}`, { op: 'patch', value: { note: i } }));
    const looks = [look(us, { atOnce: 20 }), look(us, { atOnce: 20 })];
    await Promise.all([...writes, us.define('shop', definitionOf({ kind: 'lww', rules: { price: 'lowest', note: 'highest' } })), ...looks]);
    await look(us);
    expect([await counts(us), await rowsInLedger(us), await placeOf(us)]).toEqual([{ '2': documents }, 2 * documents, []]);
  });

  it('writes nothing down of a tenant that may not be here (I3), and passes over what can’t be read', async () => {
    await writeConflicts(us, 'strict', 3);
    await us.region.dataSource.query(
      `INSERT INTO tenant (id, home_region, status, weight, tier, residency, hlc) VALUES ('strict', $1, 'pending', 1, 'pooled', $2, '0')`,
      [eu.region.name, [eu.region.name]],
    );
    await us.region.dataSource.query(`UPDATE document SET state = '{"kind":"lww"}' WHERE tenant = '' AND id = 'd5'`);
    await changeRules();
    await takeNew();
    expect((await look(us)).unreadable).toEqual(['lww document/shop//d5']);
    expect(await rowsOf(us.region.dataSource, `SELECT 1 FROM conflict WHERE tenant = 'strict'`)).toEqual([]);
    expect([await counts(us), await rowsInLedger(us)]).toEqual([{ '1': 4, '2': documents - 1 }, 2 * (documents - 1)]);
  });
});
