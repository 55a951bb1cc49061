import { createDataSource } from '@lapidary/db/data-source';
import { migrate } from '@lapidary/db/migrate';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import { emptyState, type DocumentState } from '@lapidary/replication/collections/document-state';
import { emptyLww, writeLww } from '@lapidary/replication/merge/lww';
import { freshDatabase } from '@lapidary/testing/backends';
import type { DataSource } from 'typeorm';
import { migrations } from '../migrations/all.js';
import { writeStored, type WrittenDocument } from './stored-documents.js';

let source: DataSource;
let drop: () => Promise<void>;
beforeAll(async () => {
  const database = await freshDatabase();
  drop = database.drop;
  source = await createDataSource({ url: database.url, applicationName: 'test', poolSize: 2, migrations }).initialize();
  await migrate(source);
});
afterAll(async () => {
  await source.destroy();
  await drop();
});

const key = (id: string, kind: 'lww' | 'document' = 'lww') => ({ collection: 'items', kind, tenant: '', id });
const note = { event: 'e', origin: 'us', actor: 'test', requestId: 'r', at: '1764000000000.0000.us', sequence: 1 };

/** Each write of a document changes all of these. */
const written = (id: string, n: number, conflicts = 0): WrittenDocument => ({
  key: key(id),
  stored: { state: { kind: 'lww', ...writeLww(emptyLww, note.at, { n }) }, bytes: null, toldInPart: n },
  facts: { exists: true, digest: `d${n}`, bytes: 100 + n, conflicts, latest: `1764000000000.000${n}.us`, removedDue: false },
  ownEvent: `e${n}`,
});

/** How many of the updates left the indexes as they were. */
const inPlace = async (documents: readonly WrittenDocument[]): Promise<number> =>
  await inTransaction(source, async (tx) => {
    const soFar = async (): Promise<number> => {
      const [row] = await rowsOf<{ hot: string }>(tx, `SELECT pg_stat_get_xact_tuples_hot_updated('document'::regclass) AS hot`);
      return Number(row!.hot);
    };
    const before = await soFar();
    await writeStored(
      tx,
      documents,
      documents.map(({ key: of }) => ({ ...of, ...note })),
    );
    return (await soFar()) - before;
  });

test('a write of a document leaves the indexes of the table as they are', async () => {
  expect(await inPlace([written('a', 1), written('b', 1)])).toBe(0);
  expect(await inPlace([written('a', 2), written('b', 2)])).toBe(2);
});

test('a document that is in conflict stays where it is found as such, without another entry for each change of it', async () => {
  await inPlace([written('c', 1)]);
  expect(await inPlace([written('c', 2, 1)])).toBe(0);
  expect(await inPlace([written('c', 3, 2)])).toBe(1);
  const conflicted = async (): Promise<unknown> => await rowsOf(source, 'SELECT id FROM document WHERE conflicted');
  expect(await conflicted()).toEqual([{ id: 'c' }]);
  await inPlace([written('c', 4)]);
  expect(await conflicted()).toEqual([]);
});

const nested = (changes: number, history: number, bytes: number, next = false): WrittenDocument => ({
  key: key('nested', 'document'),
  stored: {
    state: { ...emptyState('document'), changes, ...(next ? { next: { id: note.at } } : {}) } as unknown as DocumentState,
    bytes: new Uint8Array(history),
    toldInPart: 0,
  },
  facts: { exists: true, digest: 'd', bytes, conflicts: 0, latest: note.at, removedDue: false },
  ownEvent: null,
});

test.each([
  ['of 32 changes', nested(32, 9_000, 9_100), { history_due: false, history_next: false }],
  ['of 33, more than 8 kB and than what it holds', nested(33, 9_000, 9_100), { history_due: true, history_next: false }],
  ['of more than 8 kB, and less than what it holds', nested(33, 9_000, 19_000), { history_due: false, history_next: false }],
  ['of 2 kB, and four times what it holds', nested(33, 2_100, 2_600), { history_due: true, history_next: false }],
  ['of 2 kB, and less than four times what it holds', nested(33, 2_100, 2_700), { history_due: false, history_next: false }],
  ['of 1,001 changes', nested(1_001, 100, 90_000), { history_due: true, history_next: false }],
  ['with another one proposed', nested(1, 100, 200, true), { history_due: false, history_next: true }],
])('a history %s is marked as what it is', async (_, document, marks) => {
  await inPlace([document]);
  expect(await rowsOf(source, `SELECT history_due, history_next FROM document WHERE id = 'nested'`)).toEqual([marks]);
});
