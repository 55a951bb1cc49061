import {
  firstPlace,
  keyText,
  type CollectionTransaction,
  type DocumentKey,
  type LedgerEntry,
  type StoredDocument,
} from '@lapidary/replication/collections/collection-store';
import type { Loss } from '@lapidary/contracts/events/collection-events';
import { emptyState } from '@lapidary/replication/collections/document-state';
import { factsOf } from '@lapidary/replication/collections/facts';
import { ledgerEntries } from '@lapidary/replication/collections/ledger-entries';
import { defaultPolicy } from '@lapidary/replication/collections/definitions';
import { writeRegister, emptyRegister } from '@lapidary/replication/merge/register';
import { writeLww } from '@lapidary/replication/merge/lww';

export interface ContractWorld {
  /** Runs in a transaction of one and the same database; what throws leaves nothing behind. */
  inTx<T>(work: (tx: CollectionTransaction) => Promise<T>): Promise<T>;
  outbox(): Promise<number>;
  /** By id: when the winner was written, and what lost. */
  ledger(): Promise<{ readonly winner: string; readonly loser: unknown }[]>;
}

const at = (ms: number, region: string): string => `${String(ms).padStart(13, '0')}.0000.${region}`;

/** What every store of collections does, whether it is Postgres or the simulation's. */
export const storeContract = (open: () => Promise<ContractWorld>): void => {
  const key: DocumentKey = { collection: 'c', kind: 'lww', tenant: 'acme', id: 'd1' };
  const policy = defaultPolicy('lww');
  const document = (state: StoredDocument['state'], bytes: Uint8Array | null = null): StoredDocument => ({ state, bytes, toldInPart: 3 });
  const note = { event: 'e1', origin: 'eu', actor: 'a', requestId: 'r', at: at(1, 'eu') };
  const state = { kind: 'lww' as const, ...writeLww(emptyState('lww') as never, at(1, 'eu'), { title: 'Cup' }) };
  const loss = (winner: number): LedgerEntry[] =>
    ledgerEntries(key, policy, [
      { field: 'title', winner: { at: at(winner, 'us'), region: 'us', value: 'B' }, loser: { at: at(1, 'eu'), region: 'eu', value: 'A' } },
    ]);
  const lostList = (winner: number, value: string[]): Loss[] => [
    { field: 'words', winner: { at: `${winner}@us`, region: 'us', value: [] }, loser: { at: '1@eu', region: 'eu', value } },
  ];

  it('gives back what was stored, byte for byte', async () => {
    const world = await open();
    const bytes = new Uint8Array([0, 1, 255]);
    await world.inTx(async (tx) => {
      expect(await tx.document(key)).toBeNull();
      await tx.saveDocument(key, document(state, bytes), factsOf({ state, bytes }, policy).facts, note);
    });
    await world.inTx(async (tx) => expect(await tx.document(key)).toEqual(document(state, bytes)));
  });

  it('takes a row away and keeps what is left of it', async () => {
    const world = await open();
    const seen = { eu: at(1, 'eu') };
    const contents = { state, bytes: new Uint8Array([0, 1, 255]), toldInPart: 0 };
    const beginning = { kind: 'counter' as const, rows: {}, begun: { 1: 'a'.repeat(64) }, alive: emptyRegister };
    await world.inTx(async (tx) => {
      await tx.saveDocument(key, document(state), factsOf({ state, bytes: null }, policy).facts, note);
      expect(await tx.grave(key)).toBeNull();
      await tx.removeDocument(key);
      await tx.saveGrave(key, { seen, isForgotten: false, contents, beginning }, note);
    });
    await world.inTx(async (tx) => {
      expect(await tx.document(key)).toBeNull();
      expect(await tx.grave(key)).toEqual({ seen, isForgotten: false, contents, beginning });
      await tx.saveGrave(key, { seen, isForgotten: true, contents: null, beginning }, null);
    });
    await world.inTx(async (tx) => expect(await tx.grave(key)).toEqual({ seen, isForgotten: true, contents: null, beginning }));
  });

  it('leaves nothing of a transaction that failed (I5)', async () => {
    const world = await open();
    await expect(
      world.inTx(async (tx) => {
        await tx.saveDocument({ ...key, id: 'gone' }, document(state), factsOf({ state, bytes: null }, policy).facts, note);
        await tx.saveDefinition('gone', writeRegister(emptyRegister, at(1, 'eu'), {}));
        await tx.ledger(loss(2));
        await tx.tell('lapidary.document.changed.v1', 'document/c/acme/gone', {
          collection: 'c',
          tenant: 'acme',
          id: 'gone',
          kind: 'lww',
          whole: true,
          settled: [],
          change: { fields: {}, alive: { siblings: [], seen: {} } },
        });
        throw new Error('the power went');
      }),
    ).rejects.toThrow('the power went');
    await world.inTx(async (tx) => {
      expect(await tx.document({ ...key, id: 'gone' })).toBeNull();
      expect(await tx.definition('gone')).toBeNull();
      expect(await tx.ledger(loss(2))).toBe(1);
    });
    expect(await world.outbox()).toBe(0);
  });

  it('writes a loss down once, with the latest winner', async () => {
    const world = await open();
    await world.inTx(async (tx) => {
      expect(await tx.ledger([...loss(2), ...loss(2)])).toBe(1);
      expect(await tx.ledger(loss(3))).toBe(0);
      expect(await tx.ledger([])).toBe(0);
    });
    expect(await world.ledger()).toEqual([{ winner: at(3, 'us'), loser: 'A' }]);
  });

  it('follows what a list that lost grows to, and no older word of it', async () => {
    const world = await open();
    const nested: DocumentKey = { ...key, kind: 'document' };
    const told = (value: string[]): LedgerEntry[] => ledgerEntries(nested, defaultPolicy('document'), lostList(3, value));
    const held = (value: string[]): LedgerEntry[] => ledgerEntries(nested, defaultPolicy('document'), [], lostList(2, value));
    await world.inTx(async (tx) => {
      expect(await tx.ledger(held([]))).toBe(1);
      expect(await tx.ledger([...held(['a']), ...held(['b', 'a']), ...told(['a'])])).toBe(0);
    });
    expect(await world.ledger()).toEqual([{ winner: '3@us', loser: ['b', 'a'] }]);
    await world.inTx(async (tx) => expect(await tx.ledger(told(['a']))).toBe(0));
    expect(await world.ledger()).toEqual([{ winner: '3@us', loser: ['b', 'a'] }]);
    await world.inTx(async (tx) => expect(await tx.ledger(held(['c', 'b', 'a']))).toBe(0));
    expect(await world.ledger()).toEqual([{ winner: '2@us', loser: ['c', 'b', 'a'] }]);
  });

  it('finds documents with values that are not shown in pieces, until they have none', async () => {
    const world = await open();
    const { facts } = factsOf({ state, bytes: null }, policy);
    const keys = ['a', 'b', 'c'].map((id): DocumentKey => ({ ...key, id }));
    await world.inTx(async (tx) => {
      for (const each of keys) await tx.saveDocument(each, document(state), { ...facts, conflicts: 1 }, note);
      await tx.saveDocument({ ...key, kind: 'append' }, document(emptyState('append')), { ...facts, conflicts: 1 }, note);
      await tx.saveDocument({ ...key, id: 'd' }, document(state), facts, note);
      expect(await tx.conflicted('c', firstPlace, 2)).toEqual(keys.slice(0, 2));
      expect(await tx.conflicted('c', keys[1]!, 2)).toEqual(keys.slice(2));
      expect(await tx.conflicted('other', firstPlace, 2)).toEqual([]);
      await tx.saveConflicts([...keys.slice(0, 2).map((each) => ({ key: each, conflicts: 0 })), { key: keys[2]!, conflicts: 2 }]);
      expect(await tx.conflicted('c', firstPlace, 9)).toEqual(keys.slice(2));
      const found = await tx.documents([...keys, { ...key, id: 'nowhere' }]);
      expect([...found.keys()].sort()).toEqual(keys.map(keyText));
      expect(found.get(keyText(keys[0]!))).toEqual(document(state));
    });
  });

  it('keeps the place up to which a collection was looked at', async () => {
    const world = await open();
    await world.inTx(async (tx) => {
      expect(await tx.lookPlace('c')).toBeNull();
      await tx.saveLookPlace('c', firstPlace);
      await tx.saveLookPlace('c', { tenant: 'acme', id: 'd1' });
      await tx.saveLookPlace('other', firstPlace);
    });
    await world.inTx(async (tx) => {
      expect([await tx.lookPlace('c'), await tx.lookPlace('other')]).toEqual([{ tenant: 'acme', id: 'd1' }, firstPlace]);
      await tx.saveLookPlace('c', null);
      expect([await tx.lookPlace('c'), await tx.lookPlace('other')]).toEqual([null, firstPlace]);
    });
  });

  it('replaces definitions', async () => {
    const world = await open();
    const [first, second] = [writeRegister(emptyRegister, at(1, 'eu'), { v: 1 }), writeRegister(emptyRegister, at(2, 'eu'), { v: 2 })];
    await world.inTx(async (tx) => {
      await tx.saveDefinition('c', first);
      await tx.saveDefinition('c', second);
      expect(await tx.definition('c')).toEqual(second);
    });
  });
};
