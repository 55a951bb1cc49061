import { eventSchemas } from '@lapidary/contracts/events/registry';
import { eventUpcasters } from '@lapidary/contracts/events/upcasters';
import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { TypeVersions } from '@lapidary/contracts/schemas/type-versions';
import { CollectionBudgetsSchema } from '@lapidary/contracts/api/collections';
import { rowsOf } from '@lapidary/db/rows';
import { waitFor } from '@lapidary/kernel/wait-for';
import { digestOfState, type DocumentState } from '@lapidary/replication/collections/document-state';
import { CollectionRegion, definitionOf } from '../collections/testing/collection-region.js';
import { stampOf, tellOfStamp, type TestRegion } from '../outbox/testing/test-region.js';
import { releaseKnown } from './release-known.js';
import { openMesh, type Mesh } from './testing/mesh.js';
import { logOf, toolsOf } from './testing/two-regions.js';

/** Code from before stamps could be cordoned: the same as today's with a type less, and without the newest version of another. */
const olderTypes = new TypeVersions(
  Object.fromEntries(
    Object.entries(eventSchemas).filter(([type]) => type !== 'lapidary.stamp.cordoned.v1' && type !== 'lapidary.drift.found.v2'),
  ),
  eventUpcasters.filter(({ from }) => from !== 'lapidary.drift.found.v1'),
);

let mesh: Mesh;
let eu: TestRegion;
let us: TestRegion;

beforeAll(async () => {
  mesh = await openMesh(2);
  [eu, us] = mesh.regions as [TestRegion, TestRegion];
});
afterAll(async () => mesh.close());

const stampsAt = async (reader: TestRegion, origin: TestRegion): Promise<string[]> =>
  (await rowsOf<{ name: string }>(reader.dataSource, 'SELECT name FROM stamp WHERE region = $1 ORDER BY name', [origin.name])).map(
    (r) => r.name,
  );
const arrives = async (reader: TestRegion, origin: TestRegion, index: number): Promise<void> =>
  void (await waitFor('the stamp', async () => ((await stampsAt(reader, origin)).includes(`${origin.name}-${index}`) ? true : undefined), {
    timeoutMs: 60_000,
  }));
const lettersAt = async (reader: TestRegion): Promise<unknown[]> =>
  rowsOf(reader.dataSource, `SELECT type, state, awaits_version FROM dead_letter ORDER BY sequence`);
const protocolAt = async (reader: TestRegion, peer: TestRegion): Promise<number | null> =>
  (
    await rowsOf<{ speaks: number | null }>(reader.dataSource, 'SELECT protocol_speaks AS speaks FROM version_vector WHERE origin = $1', [
      peer.name,
    ])
  )[0]?.speaks ?? null;
const isPublished = async ({ dataSource }: TestRegion): Promise<boolean> =>
  (
    await rowsOf(
      dataSource,
      'SELECT 1 FROM origin, outbox_published WHERE through >= sequence AND NOT EXISTS (SELECT 1 FROM outbox_waiting)',
    )
  ).length > 0;
const becomes = async (what: string, is: () => Promise<boolean>): Promise<void> =>
  void (await waitFor(what, async () => ((await is()) ? true : undefined), { timeoutMs: 60_000 }));

describe('regions of two versions beside each other', () => {
  it('hear each other one protocol apart, in both directions, also where one’s hello says no number', async () => {
    // The version before this one: it says nothing, which is protocol 2.
    await mesh.rollOut(eu, { protocol: { speaks: 2, hears: 2 } });
    await tellOfStamp(eu, 1);
    await tellOfStamp(us, 1);
    await arrives(us, eu, 1);
    await arrives(eu, us, 1);
    // The next one still understands this one.
    await mesh.rollOut(eu, { protocol: { speaks: 4, hears: 3 } });
    await tellOfStamp(eu, 2);
    await tellOfStamp(us, 2);
    await arrives(us, eu, 2);
    await arrives(eu, us, 2);
    await becomes('the number', async () => (await protocolAt(us, eu)) === 4);
  });

  it('take nothing from each other two apart, say so, and lose nothing: it follows once the other is rolled out', async () => {
    await mesh.rollOut(eu, { protocol: { speaks: 5, hears: 4 } });
    await becomes('the number', async () => (await protocolAt(us, eu)) === 5 && (await protocolAt(eu, us)) === 3);
    await tellOfStamp(eu, 3);
    await tellOfStamp(us, 3);
    // Both greet at least once more after the events are in the streams: what would have come has had its chance.
    const greetings = async (reader: TestRegion, peer: TestRegion): Promise<number> =>
      Number(
        (await rowsOf<{ at: Date }>(reader.dataSource, 'SELECT protocol_at AS at FROM version_vector WHERE origin = $1', [peer.name]))[0]!
          .at,
      );
    for (const [reader, origin] of [
      [us, eu],
      [eu, us],
    ] as const) {
      await becomes('the stream', async () => isPublished(origin));
      for (let before = await greetings(reader, origin), times = 0; times < 2; times++, before = await greetings(reader, origin))
        await becomes('another greeting', async () => (await greetings(reader, origin)) > before);
      expect(await stampsAt(reader, origin)).toEqual([`${origin.name}-1`, `${origin.name}-2`]);
    }
    await mesh.rollOut(us, { protocol: { speaks: 4, hears: 3 } });
    await arrives(us, eu, 3);
    await arrives(eu, us, 3);
    await mesh.rollOut(us, {});
    await mesh.rollOut(eu, {});
    expect(await lettersAt(us)).toEqual([]);
  });

  it('a type that only the newer one knows is parked as it came, holds up no other, and is applied by the version that knows it', async () => {
    await mesh.rollOut(us, { versions: olderTypes });
    const collections = new CollectionRegion(eu);
    await collections.inTx(async (tx) =>
      tx.tell('lapidary.stamp.cordoned.v1' as never, `stamp/${eu.name}-9`, { stamp: { ...stampOf(eu.name, 9), cordoned: true } } as never),
    );
    await tellOfStamp(eu, 4);
    await arrives(us, eu, 4);
    expect(await lettersAt(us)).toEqual([{ type: 'lapidary.stamp.cordoned.v1', state: 'open', awaits_version: true }]);
    // The older version can do nothing with it, however often it looks.
    const told: EventEnvelope[] = [];
    await releaseKnown(us.dataSource, { ...toolsOf(us), versions: olderTypes }, (events) => told.push(...events));
    expect([told, await lettersAt(us)]).toEqual([[], [{ type: 'lapidary.stamp.cordoned.v1', state: 'open', awaits_version: true }]]);
    await mesh.rollOut(us, {});
    // Two replicas that start at once apply it once (I5).
    const counts = await Promise.all([1, 2].map(async () => releaseKnown(us.dataSource, toolsOf(us), (events) => told.push(...events))));
    expect([counts.reduce((a, b) => a + b), told.map((e) => e.type)]).toEqual([1, ['lapidary.stamp.cordoned.v1']]);
    expect(await stampsAt(us, eu)).toContain(`${eu.name}-9`);
    expect(await lettersAt(us)).toEqual([{ type: 'lapidary.stamp.cordoned.v1', state: 'replayed', awaits_version: false }]);
    expect(await rowsOf(us.dataSource, `SELECT actor FROM audit WHERE action = 'dead-letter.replayed'`)).toEqual([
      { actor: 'system:replication' },
    ]);
  });
});

describe('what a newer version has added', () => {
  const more = { since: 'v9', by: { eu: 1 } };

  it('survives reads, writes and whole states of a region that does not know it, in definitions and in documents of every kind', async () => {
    const [one, two] = [new CollectionRegion(eu), new CollectionRegion(us)];
    await mesh.cut(us, eu);
    await one.define('items', definitionOf({ kind: 'lww' }));
    await one.define('stock', definitionOf({ kind: 'counter' }));
    await one.define('notes', definitionOf({ kind: 'document' }));
    await one.define('orders', definitionOf({ kind: 'append' }));
    await one.write('items', 'i', { op: 'put', value: { price: 1 } });
    await one.write('stock', 's', { op: 'operate', operations: [{ op: 'add', units: 5 }] });
    await one.write('notes', 'n', { op: 'put', value: { text: 'x' } });
    await one.write('orders', 'o', { op: 'put', value: { total: 1 } });
    await extendAll(eu);
    mesh.join(us, eu);
    await becomes('the documents', async () => (await extensionsAt(us)).length === 4);
    // The region that does not know of it writes all of them, the attributes so often that it tells them whole.
    for (let i = 0; i < 40; i++) await two.write('items', 'i', { op: 'patch', value: { price: i } });
    await two.write('stock', 's', { op: 'operate', operations: [{ op: 'add', units: 1 }] });
    for (let i = 0; i < 40; i++) await two.write('notes', 'n', { op: 'put', value: { text: `y${i}` } });
    await two.define('items', {
      ...definitionOf({ kind: 'lww', rules: { '*': 'highest' } }),
      budgets: CollectionBudgetsSchema.parse({ documents: 7 }),
    });
    await becomes('equal states', async () => JSON.stringify(await one.everything()) === JSON.stringify(await two.everything()));
    for (const region of [eu, us]) {
      expect(await extensionsAt(region)).toEqual([more, more, more, more]);
      const [row] = await rowsOf<{ value: unknown }>(
        region.dataSource,
        `SELECT definition#>'{siblings,0,value}' AS value FROM collection WHERE name = 'items'`,
      );
      expect(row!.value).toMatchObject({ more, version: 2, policy: { more, rules: { '*': 'highest' } }, budgets: { more, documents: 7 } });
    }
    // What a third region would be filled from has it as well.
    const whole = (await logOf(us)).filter(
      (e) => e.type === 'lapidary.document.changed.v1' && ['i', 'n', 's'].includes(String(e.data['id'])) && e.data['whole'] === true,
    );
    expect(new Set(whole.map((e) => e.data['id']))).toEqual(new Set(['i', 'n', 's']));
    for (const event of whole) expect(event.data['change']).toMatchObject({ more });
  });

  /** As a newer version would: in its own rows, and in what it tells. A link that comes back reads the outbox before the stream. */
  const extendAll = async ({ dataSource }: TestRegion): Promise<void> => {
    await dataSource.query(
      `UPDATE outbox SET data = jsonb_set(data, '{change,more}', $1::jsonb) WHERE type = 'lapidary.document.changed.v1'`,
      [JSON.stringify(more)],
    );
    for (const { id, state } of await rowsOf<{ id: string; state: DocumentState }>(
      dataSource,
      'SELECT id, document_state(document) AS state FROM document',
    )) {
      const extended = { ...state, more };
      await dataSource.query('UPDATE document SET packed = NULL, state = $2::jsonb, digest = $3 WHERE id = $1', [
        id,
        JSON.stringify(extended),
        digestOfState(extended),
      ]);
    }
    for (const [table, column, prefix, of] of [
      ['outbox', 'data', 'definition,siblings,0,value', `data->>'collection'`],
      ['collection', 'definition', 'siblings,0,value', 'name'],
    ] as const)
      for (const path of ['more', 'policy,more', 'budgets,more'])
        await dataSource.query(
          `UPDATE ${table} SET ${column} = jsonb_set(${column}, '{${prefix},${path}}', $1::jsonb) WHERE ${of} = 'items'
          AND ${column} #> '{${prefix}}' IS NOT NULL`,
          [JSON.stringify(more)],
        );
  };
  const extensionsAt = async (region: TestRegion): Promise<unknown[]> =>
    (
      await rowsOf<{ more: unknown }>(
        region.dataSource,
        `SELECT document_state(document)->'more' AS more FROM document WHERE document_state(document) ? 'more' ORDER BY collection`,
      )
    ).map((r) => r.more);
});
