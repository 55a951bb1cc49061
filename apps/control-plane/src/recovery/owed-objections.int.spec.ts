import type { DocumentChanged } from '@lapidary/contracts/events/collection-events';
import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { geoStream } from '@lapidary/contracts/subjects';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import { waitFor } from '@lapidary/kernel/wait-for';
import { deleteStream } from '@lapidary/messaging/streams';
import type { DocumentKey } from '@lapidary/replication/collections/collection-store';
import { policyFor } from '@lapidary/replication/collections/definitions';
import { proposeGeneration } from '@lapidary/replication/collections/generation-steps';
import { applyDocumentChanges } from '../collections/apply-collection.js';
import { declareKnowledge } from '../collections/purge-tombstones.js';
import { CollectionRegion, definitionOf } from '../collections/testing/collection-region.js';
import { passFence, readRecovery } from '../fence/recovery-rows.js';
import { HouseKeeping } from '../replication/testing/house-keeping.js';
import { logOf, toolsOf } from '../replication/testing/two-regions.js';
import { openRestorableFleet, type RestorableRegion } from './testing/restorable-fleet.js';

const key: DocumentKey = { collection: 'profiles', kind: 'document', tenant: '', id: 'a' };
const insert = (word: string) => ({
  op: 'operate' as const,
  operations: [{ op: 'insert' as const, path: ['words'], index: 0, values: [word] }],
});

describe('a region that is fenced when a proposal comes', () => {
  let fleet: Awaited<ReturnType<typeof openRestorableFleet>>;
  let eu: RestorableRegion;
  let us: RestorableRegion;
  beforeEach(async () => {
    fleet = await openRestorableFleet(2);
    [eu, us] = fleet.regions as [RestorableRegion, RestorableRegion];
  });
  afterEach(async () => fleet.close());

  const becomes = async (state: string): Promise<void> => {
    await waitFor(`eu to be ${state}`, async () => (await readRecovery(eu.region.dataSource)).state === state || undefined, {
      timeoutMs: 60_000,
    });
  };
  const owed = async () => await rowsOf(eu.region.dataSource, 'SELECT collection, kind, tenant, id FROM owed_objection');

  it('notes that it lacks something, and says so as it begins to write again, once (G6)', async () => {
    const [inEu, inUs] = [new CollectionRegion(eu.region), new CollectionRegion(us.region)];
    await inUs.define('profiles', definitionOf({ kind: 'document', genesis: { words: [] }, text: [] }));
    await inUs.write('profiles', 'a', { op: 'put', value: { words: ['first'] } });
    await eu.hasAllOf(us);
    await eu.cut(us);
    await inEu.write('profiles', 'a', insert('of eu'));
    const backup = await eu.backUp();
    const by = { actor: 'test', requestId: 'test' };
    await inUs.inTx(async (tx) => proposeGeneration(tx, inUs.site, key, await policyFor(tx, 'profiles', 'document'), [eu.name], by));
    await eu.stop();
    await deleteStream(eu.region.nats, geoStream(eu.name));
    await backup.restore();
    await backup.drop();
    await eu.start();
    await becomes('suspected');
    const [row] = await rowsOf<{ state: { alive: { seen: Record<string, string> } } }>(eu.region.dataSource, 'SELECT state FROM document');
    await inTransaction(eu.region.dataSource, async (tx) => {
      await passFence(tx);
      await applyDocumentChanges(
        tx,
        [sayingToCover((await logOf(us.region)).at(-1)!, row!.state.alive.seen)],
        toolsOf(eu.region).collections,
      );
    });
    expect(await owed()).toEqual([key]);
    await eu.heal(us);
    await becomes('sound');
    expect(await owed()).toEqual([]);
    const told = await rowsOf<{ lone: Record<string, string>; whole: boolean }>(
      eu.region.dataSource,
      `SELECT data->'change'->'next'->'lone' AS lone, data->'whole' AS whole FROM outbox WHERE data->'change'->'next' IS NOT NULL`,
    );
    expect(told).toEqual([{ whole: true, lone: expect.objectContaining({ [eu.name]: expect.any(String) }) }]);
    await us.hasAllOf(eu);
    expect(await inUs.value('profiles', 'a')).toEqual({ words: ['of eu', 'first'] });
  });

  it('says nothing of what it knows while it is opened without somebody, and says it when that one was heard (G6)', async () => {
    const house = new HouseKeeping({ regions: [eu.region, us.region] });
    const said = async (): Promise<number> =>
      (await rowsOf(eu.region.dataSource, `SELECT 1 FROM outbox WHERE type = 'lapidary.region.knows.v1'`)).length;
    await eu.region.dataSource.query(`UPDATE recovery SET state = 'holding', without = ARRAY[$1]`, [us.name]);
    await declareKnowledge(house.toolsFor(eu.region));
    expect(await said()).toBe(0);
    await becomes('sound');
    await declareKnowledge(house.toolsFor(eu.region));
    expect(await said()).toBe(1);
  });
});

/** The proposal as of a region that had heard of writes whose content it had not: it says to cover them. */
const sayingToCover = (event: EventEnvelope, seen: Record<string, string>): EventEnvelope => {
  const changed = event.data as unknown as DocumentChanged & { change: { next: { covers: object } } };
  const { next } = changed.change;
  const change = { ...changed.change, next: { ...next, covers: { ...seen, ...next.covers } } };
  return { ...event, id: 'claims-more', data: { ...changed, change } as never };
};
