import type { FindingRepair, RepairRequest } from '@lapidary/contracts/api/drift';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import { CollectionRegion, definitionOf } from '../collections/testing/collection-region.js';
import { comparePeer } from '../digests/compare-peer.js';
import { PeerDigests } from '../digests/peer-digests.js';
import { findPlantedCorruption } from '../digests/planted-corruption.js';
import { readScrubbed, scrubOnce } from '../digests/scrub.js';
import { foldDigests, readRoots } from '../digests/digest-rows.js';
import { serveDigests } from '../digests/testing/serve-digests.js';
import { systemContext } from '../http/command-context.js';
import { handOver, openTwoRegions, toolsOf } from '../replication/testing/two-regions.js';
import type { DriftFacts, World } from './drift-facts.js';
import { listFindings } from './finding-rows.js';
import { recordLook } from './record-look.js';
import { repairFindings } from './repair-findings.js';
import { roundsMax } from './repair-states.js';
import { replicaSensors } from './sensors/all.js';

interface Side {
  readonly at: CollectionRegion;
  readonly other: CollectionRegion;
}

describe('scrub and repair', () => {
  let eu: Side;
  let us: Side;
  let close: () => Promise<void>;
  const signal = new AbortController().signal;

  beforeAll(async () => {
    const two = await openTwoRegions();
    const [a, b] = [new CollectionRegion(two.eu), new CollectionRegion(two.us)];
    eu = { at: a, other: b };
    us = { at: b, other: a };
    const stops = [serveDigests(a.region, b.region.name), serveDigests(b.region, a.region.name)];
    close = async () => {
      stops.forEach((stop) => stop());
      await two.close();
    };
    for (const kind of ['lww', 'counter', 'append', 'document'] as const) await a.define(kind, definitionOf({ kind }));
    await heal();
    for (let i = 0; i < 12; i++) await a.write('lww', `d${i}`, { op: 'put', value: { price: i, title: 'x' } });
    await a.write('counter', 'stock', { op: 'operate', operations: [{ op: 'add', units: 9 }] });
    await a.write('append', 'order', { op: 'put', value: { total: 1 } });
    await a.write('document', 'profile', { op: 'put', value: { name: 'ann', tags: ['a'] } });
    await heal();
  });
  afterAll(async () => close());

  const heal = async (): Promise<void> => {
    await handOver(eu.at.region, us.at.region);
    await handOver(us.at.region, eu.at.region);
  };
  const sql = async ({ at }: Side, text: string): Promise<void> => void (await at.region.dataSource.query(text));
  const worldOf = ({ at, other }: Side): World =>
    ({
      peers: [other.region.name],
      comparePeer: async (peer: string, nonce: string) =>
        comparePeer(at.region.dataSource, new PeerDigests(at.region.name, peer, at.region.nats), nonce, signal),
      scrubbed: async (nonce: string) => ({
        ...(await readScrubbed(at.region.dataSource, { rowsPerSecond: 500, upSince: new Date() })),
        planted: await findPlantedCorruption(at.region.dataSource, nonce, at.site.nested),
      }),
    }) as unknown as World;
  const facts = { defaultOwner: 'platform', stamps: [] } as unknown as DriftFacts;
  /** All collections from end to end, as if their rest were over; then the two sensors, recorded as a run records them. */
  const look = async (side: Side): Promise<string[]> => {
    const { region, site } = side.at;
    await foldDigests(region.dataSource);
    await sql(side, `UPDATE digest_scrub SET passed_at = 'epoch'`);
    while ((await scrubOnce(region.dataSource, site.nested)) !== null);
    for (const sensor of replicaSensors) {
      // Findings are events too, and a comparison waits until both regions know what the other has told.
      await heal();
      for await (const seen of sensor.look({ facts, world: worldOf(side), signal, nonce: newId().toLowerCase(), isOfOneStamp: false })) {
        expect(seen.planted).toBe('found');
        await inTransaction(region.dataSource, async (tx) => recordLook(tx, context(side), region.clock, seen));
      }
    }
    return (await open(side)).map((f) => `${f.kind} ${f.path}`).sort();
  };
  const open = async ({ at }: Side) => listFindings(at.region.dataSource, { state: 'open', before: null, limit: 1_000 });
  const context = ({ at }: Side) => systemContext(at.region.name, 'test', newId());
  const repair = async (side: Side, request: Partial<RepairRequest> = {}): Promise<FindingRepair[]> => {
    const { region } = side.at;
    const links = new Map<string, NatsLink>([[side.other.region.name, region.nats]]);
    const { name, dataSource, nats } = region;
    const routes = { region: name, dataSource, nats, replicas: () => Promise.resolve([]) };
    const deps = { region: name, dataSource, tools: toolsOf(region).collections, links, routes };
    return await repairFindings(deps, context(side), { dryRun: false, ...request }, signal);
  };
  const outcomes = (repairs: readonly FindingRepair[]): string[] => repairs.map((r) => `${r.path} ${r.outcome}`).sort();
  const agree = async (): Promise<void> =>
    expect(await readRoots(us.at.region.dataSource)).toEqual(await readRoots(eu.at.region.dataSource));

  afterEach(async () => {
    expect([await look(eu), await look(us)]).toEqual([[], []]);
    await agree();
  });

  it('find nothing in two regions that nobody touched, and what is planted', async () => {
    expect([await look(eu), await look(us)]).toEqual([[], []]);
  });

  it('the scrub finds a value that was changed behind its digest, which no comparison of digests can see; it is restored', async () => {
    await sql(
      us,
      `UPDATE document SET packed = NULL, state = jsonb_set(document_state(document), '{fields,price,siblings,0,value}', '777') WHERE id = 'd3'`,
    );
    await agree();
    expect(await look(us)).toEqual(['scrub lww /d3']);
    expect(outcomes(await repair(us, { dryRun: true }))).toEqual(['lww /d3 restored']);
    expect(await us.at.value('lww', 'd3')).toMatchObject({ price: 777 });
    expect(outcomes(await repair(us))).toEqual(['lww /d3 restored']);
    expect(await us.at.value('lww', 'd3')).toMatchObject({ price: 3 });
  });

  it('bytes that rot in the rows behind the triggers’ back are found by the scrub, in values and in nested documents', async () => {
    await inTransaction(us.at.region.dataSource, async (tx) => {
      // As a disk would: no trigger runs, and nothing that is kept beside the row hears of it.
      await tx.query('SET LOCAL session_replication_role = replica');
      await tx.query(`UPDATE document SET packed = replace(packed, '[1,0,3,0]', '[1,0,2,0]') WHERE id = 'd3'`);
      await tx.query(`UPDATE document SET packed = replace(packed, '[1,0,4,0]', '[1,7,4,0]') WHERE id = 'd4'`);
      await tx.query(`UPDATE document SET packed = replace(packed, '{', '[') WHERE id = 'd6'`);
      await tx.query(`UPDATE document SET automerge = set_byte(automerge, 24, get_byte(automerge, 24) # 1) WHERE id = 'profile'`);
    });
    await agree();
    expect(await look(us)).toEqual(['scrub document /profile', 'scrub lww /d3', 'scrub lww /d4', 'scrub lww /d6']);
    expect(outcomes(await repair(us))).toEqual(['document /profile', 'lww /d3', 'lww /d4', 'lww /d6'].map((path) => `${path} restored`));
    expect(await us.at.value('lww', 'd6')).toMatchObject({ price: 6 });
    expect(await us.at.value('lww', 'd3')).toMatchObject({ price: 3 });
    expect(await us.at.value('document', 'profile')).toEqual({ name: 'ann', tags: ['a'] });
  });

  it('the scrub opens nested documents: bytes that rotted are restored', async () => {
    await sql(us, `UPDATE document SET automerge = set_byte(automerge, 20, get_byte(automerge, 20) # 255) WHERE id = 'profile'`);
    expect(await look(us)).toEqual(['scrub document /profile']);
    expect(outcomes(await repair(us))).toEqual(['document /profile restored']);
    expect(await us.at.value('document', 'profile')).toEqual({ name: 'ann', tags: ['a'] });
  });

  it('the scrub finds that the upkeep of digests was passed by, and makes them anew', async () => {
    await sql(
      us,
      `UPDATE digest_state SET buckets = overlay(buckets PLACING '\\x00000001'::bytea FROM 13), root = root + 1 WHERE collection = 'lww'`,
    );
    expect(await look(us)).toEqual(expect.arrayContaining(['scrub lww digest']) as string[]);
    await agree();
  });

  it('rows that a region lost, of every kind, are merged back; what only it knows stays', async () => {
    await sql(us, `DELETE FROM document WHERE id IN ('d1', 'stock', 'order', 'profile')`);
    await us.at.write('lww', 'd1', { op: 'put', value: { colour: 'red' } });
    await heal();
    const found = await look(us);
    expect(found).toEqual(['append /order', 'counter /stock', 'document /profile', 'lww /d1'].map((p) => `data-digest ${p}`));
    const dry = outcomes(await repair(us, { dryRun: true }));
    expect(dry).toEqual(['append /order merged', 'counter /stock merged', 'document /profile merged', 'lww /d1 merged']);
    expect(await look(us)).toEqual(found);
    expect(outcomes(await repair(us))).toEqual(dry);
    expect(await us.at.value('lww', 'd1')).toMatchObject({ colour: 'red' });
    await heal();
    // What the other region does not know yet, it takes when it repairs itself.
    await look(eu);
    await repair(eu);
    await look(us);
    await repair(us);
  });

  it('hundreds of injected drifts are all found and all put right', async () => {
    const count = 120;
    for (let i = 0; i < count; i++) await eu.at.write('lww', `many${i}`, { op: 'put', value: { n: i } });
    await heal();
    await sql(us, `DELETE FROM document WHERE id LIKE 'many%' AND right(id, 1) IN ('0', '1', '2')`);
    await sql(
      us,
      `UPDATE document SET packed = NULL, state = jsonb_set(document_state(document), '{fields,n,siblings,0,value}', '-1') WHERE id LIKE 'many%' AND right(id, 1) IN ('3', '4', '5')`,
    );
    await sql(us, `UPDATE document SET digest = 'rot' WHERE id LIKE 'many%' AND right(id, 1) IN ('6', '7', '8')`);
    const paths = new Set((await look(us)).map((f) => f.split('/')[1]));
    expect(paths.size).toBe((count * 9) / 10);
    const startedMs = performance.now();
    const repairs = await repair(us);
    // At most some 50 a second: the database is for those who write. Timers may fire a millisecond early.
    expect(repairs.length).toBeGreaterThanOrEqual((count * 9) / 10);
    expect(performance.now() - startedMs).toBeGreaterThan(repairs.length * 19);
    for (let i = 0; i < count; i += 37) expect(await us.at.value('lww', `many${i}`)).toEqual({ n: i });
  });

  it('a corrupt document that no peer has right is left to a person, and quarantined after some tries', async () => {
    await sql(
      us,
      `UPDATE document SET packed = NULL, state = jsonb_set(document_state(document), '{fields,price,siblings,0,value}', '1'), digest = 'a' WHERE id = 'd5'`,
    );
    expect(await look(us)).toEqual(['data-digest lww /d5', 'scrub lww /d5']);
    for (let round = 0; round < roundsMax; round++) {
      expect(outcomes(await repair(us))).toEqual(['lww /d5 refused', 'lww /d5 refused']);
      await look(us);
    }
    expect(await repair(us)).toEqual([]);
    const quarantined = await open(us);
    expect(quarantined.every((f) => f.severity === 'critical' && f.quarantined_at !== null)).toBe(true);
    // Named by a person, it is tried again.
    expect(await repair(us, { finding: quarantined[0]!.id })).toHaveLength(1);
    const [row] = await rowsOf<{ state: unknown; digest: string }>(
      eu.at.region.dataSource,
      `SELECT document_state(document) AS state, digest FROM document WHERE id = 'd5'`,
    );
    await us.at.region.dataSource.query(`UPDATE document SET packed = NULL, state = $1::jsonb, digest = $2 WHERE id = 'd5'`, [
      JSON.stringify(row!.state),
      row!.digest,
    ]);
  });

  it('what stood of a collection that neither region has any more is in order', async () => {
    await sql(
      us,
      `INSERT INTO document (collection, kind, tenant, id, state, packed, exists, digest, bytes, conflicts, latest)
                   SELECT 'ghost', kind, tenant, id, state, packed, exists, digest, bytes, conflicts, latest FROM document WHERE id = 'd1'`,
    );
    expect(await look(us)).toContain('data-digest lww /d1');
    await sql(us, `DELETE FROM document WHERE collection = 'ghost'`);
    expect(await look(us)).toEqual([]);
  });

  it('a document that changes all the time keeps none of the others from being seen in order', async () => {
    await sql(us, `DELETE FROM document WHERE id IN ('d1', 'd2')`);
    expect(await look(us)).toEqual(['data-digest lww /d1', 'data-digest lww /d2']);
    // It waits for something, as where it is being changed, and can't be judged.
    await sql(
      us,
      `INSERT INTO held_change (event_id, origin, event, due_at)
                   VALUES ('x', 'x', '{"data": {"collection": "lww", "kind": "lww", "tenant": "", "id": "d2"}}', now() + interval '1 hour')`,
    );
    const [first] = (await open(us)).filter((f) => f.path === 'lww /d1');
    expect(outcomes(await repair(us, { finding: first!.id }))).toEqual(['lww /d1 merged']);
    expect(await look(us)).toEqual(['data-digest lww /d2']);
    await sql(us, `DELETE FROM held_change`);
    await look(us);
    await repair(us);
  });

  it('a peer whose own document is corrupt spoils nothing here', async () => {
    await sql(
      eu,
      `UPDATE document SET packed = NULL, state = jsonb_set(document_state(document), '{fields,price,siblings,0,value}', '666') WHERE id = 'd7'`,
    );
    await sql(us, `DELETE FROM document WHERE id = 'd7'`);
    expect(await look(us)).toEqual(['data-digest lww /d7']);
    const [refused] = await repair(us);
    expect(refused).toMatchObject({ outcome: 'refused', why: expect.stringContaining('not what its digest says') as string });
    expect(await us.at.value('lww', 'd7')).toBeNull();
    await sql(
      eu,
      `UPDATE document SET packed = NULL, state = jsonb_set(document_state(document), '{fields,price,siblings,0,value}', '7') WHERE id = 'd7'`,
    );
    await repair(us);
    expect(await us.at.value('lww', 'd7')).toMatchObject({ price: 7 });
  });
});
