import { geoContents, geoStream } from '@lapidary/contracts/subjects';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import { waitFor } from '@lapidary/kernel/wait-for';
import { unpackBatch } from '@lapidary/messaging/packed-batch';
import { OrderedReader } from '@lapidary/messaging/ordered-reader';
import { streamState } from '@lapidary/messaging/streams';
import type { DocumentState } from '@lapidary/replication/collections/document-state';
import { stateOfKept, type KeptState } from '@lapidary/replication/collections/packed-state';
import { rightsOf, type CounterOperation } from '@lapidary/replication/merge/counter';
import type { WriteCommand } from '@lapidary/replication/collections/write-document';
import { CollectionRegion, definitionOf } from '../collections/testing/collection-region.js';
import type { Principal } from '../auth/principal.js';
import { systemContext } from '../http/command-context.js';
import type { TestRegion } from '../outbox/testing/test-region.js';
import { openMesh, type Mesh } from './testing/mesh.js';
import { updateTenant } from '../tenants/change-tenant.js';
import { createTenant } from '../tenants/create-tenant.js';
import { scopeOf } from '../collections/scope.js';

const waitMs = 60_000;
const put = (value: Record<string, string>): WriteCommand => ({ op: 'put', value });
const operator: Principal = { actor: 'token:test', via: 'bearer', bindings: [{ role: 'operator', region: '*' }] };

describe('documents of a tenant with a residency (I3)', () => {
  let mesh: Mesh;
  let eu: CollectionRegion;
  let de: CollectionRegion;
  let us: CollectionRegion;
  let tapped = 0;
  let endTap: () => void;

  beforeAll(async () => {
    mesh = await openMesh(3);
    [eu, de, us] = mesh.regions.map((r) => new CollectionRegion(r)) as [CollectionRegion, CollectionRegion, CollectionRegion];
    const subscription = eu.region.nats.connection.subscribe(geoContents('*', us.region.name), { callback: () => void tapped++ });
    endTap = () => subscription.unsubscribe();
    await eu.define('profiles', { ...definitionOf({ kind: 'lww' }), scope: 'tenant' });
    await eu.define('nested', { ...definitionOf({ kind: 'document', genesis: {} }), scope: 'tenant' });
    await eu.define('stock', { ...definitionOf({ kind: 'counter' }), scope: 'tenant' });
    for (const id of ['strict', 'free', 'narrowed']) await newTenant(id, id === 'strict' ? [eu.region.name, de.region.name] : []);
    await quiet();
  });
  afterAll(async () => {
    endTap();
    await mesh.close();
  });

  const tools = { baseDomain: 'test' };
  const context = () => systemContext(eu.region.name, 'test', newId());
  const newTenant = async (id: string, residency: string[]): Promise<void> => {
    const input = { id, region: eu.region.name, weight: 1, residency, tier: 'pooled' as const, labels: {} };
    await inTransaction(eu.region.dataSource, async (tx) => createTenant(tx, context(), { ...tools, clock: eu.region.clock }, input));
  };
  const setResidency = async (id: string, residency: string[]): Promise<void> => {
    await inTransaction(eu.region.dataSource, async (tx) =>
      updateTenant(tx, context(), { ...tools, clock: eu.region.clock }, { id, residency, ifMatch: undefined }),
    );
  };

  /** Everybody has applied everything that anybody has told, and nothing is under way. */
  const quiet = async (among: readonly TestRegion[] = mesh.regions): Promise<void> => {
    await waitFor(
      'quiet',
      async () => {
        for (const origin of among) {
          const busy = await rowsOf(
            origin.dataSource,
            `SELECT 1 FROM outbox_waiting UNION ALL SELECT 1 FROM document_removal WHERE state <> 'removed'
             UNION ALL SELECT 1 FROM document_retelling UNION ALL SELECT 1 FROM stream_purge`,
          );
          if (busy.length > 0) return undefined;
          const [head] = await rowsOf<{ sequence: string }>(origin.dataSource, 'SELECT sequence FROM origin');
          for (const reader of among.filter((r) => r !== origin)) {
            const [at] = await rowsOf<{ sequence: string }>(reader.dataSource, 'SELECT sequence FROM version_vector WHERE origin = $1', [
              origin.name,
            ]);
            if (Number(at?.sequence ?? 0) < Number(head!.sequence)) return undefined;
          }
        }
        return true;
      },
      { timeoutMs: waitMs },
    );
  };

  /** Rows of any table of a region that hold these bytes. */
  const rowsWith = async (r: CollectionRegion, marker: string): Promise<string[]> => {
    const tables = await rowsOf<{ name: string }>(
      r.region.dataSource,
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    const found: string[] = [];
    for (const { name } of tables) {
      const rows = await rowsOf<{ text: string }>(r.region.dataSource, `SELECT t::text AS text FROM "${name}" t`);
      const hex = Buffer.from(marker).toString('hex');
      found.push(...rows.filter(({ text }) => text.includes(marker) || text.includes(hex)).map(() => name));
    }
    return found.sort();
  };

  /** Everything that is in a region's stream, unpacked. */
  const streamText = async (r: CollectionRegion): Promise<string> => {
    const state = await streamState(r.region.nats, geoStream(r.region.name));
    if (!state || state.messages === 0) return '';
    let text = '';
    const reader = await OrderedReader.open(r.region.nats, {
      stream: geoStream(r.region.name),
      fromSequence: 1,
      onMessage: async (message) => {
        text += JSON.stringify(unpackBatch(message.data));
        if (message.sequence >= state.lastSequence) void reader.stop();
        return Promise.resolve();
      },
    });
    await reader.ended;
    return text;
  };

  const scoped = async (r: CollectionRegion, tenant: string): Promise<string> =>
    inTransaction(r.region.dataSource, async (tx) => scopeOf(tx, { scope: 'tenant' }, { principal: operator, tenant }, 'write'));

  it('reach the regions that may have them, and no byte of them the others; no region sees a gap', async () => {
    const before = tapped;
    await eu.write('profiles', 'p-SECRETKEY', put({ name: 'SECRETBYTES-1' }), 'strict');
    await quiet();
    await de.write('profiles', 'p-SECRETKEY', { op: 'patch', value: { note: 'SECRETBYTES-2' } }, 'strict');
    await eu.write('nested', 'n', put({ name: 'SECRETBYTES-3' }), 'strict');
    await eu.write('profiles', 'open', put({ name: 'OPENBYTES' }), 'free');
    await quiet();
    expect(await de.value('profiles', 'p-SECRETKEY', 'strict')).toEqual({ name: 'SECRETBYTES-1', note: 'SECRETBYTES-2' });
    expect(await eu.value('profiles', 'p-SECRETKEY', 'strict')).toEqual({ name: 'SECRETBYTES-1', note: 'SECRETBYTES-2' });
    expect(await de.value('nested', 'n', 'strict')).toEqual({ name: 'SECRETBYTES-3' });
    expect(await us.value('profiles', 'open', 'free')).toEqual({ name: 'OPENBYTES' });
    expect(await rowsWith(us, 'OPENBYTES')).not.toEqual([]);
    for (const marker of ['SECRETBYTES', 'SECRETKEY']) {
      expect(await rowsWith(us, marker)).toEqual([]);
      for (const origin of [eu, de, us]) expect(await streamText(origin)).not.toContain(marker);
    }
    expect(await streamText(eu)).toContain('OPENBYTES');
    expect(tapped).toBe(before);
    await expect(scoped(us, 'strict')).rejects.toMatchObject({ code: 'residency_conflict' });
    expect(await scoped(de, 'strict')).toBe('strict');
  });

  it('are asked for by the peer in the subject, and refused where the residency leaves it out', async () => {
    const { answerContents } = await import('../outbox/backfill.js');
    const all = { epoch: 1, from: 1, to: 1_000_000 };
    expect(await answerContents(eu.region.dataSource, us.region.name, { ...all, tenant: 'strict' })).toEqual({
      ok: false,
      code: 'refused',
    });
    const shown = await answerContents(eu.region.dataSource, us.region.name, all);
    expect(JSON.stringify(shown)).not.toContain('SECRET');
    expect(JSON.stringify(await answerContents(eu.region.dataSource, de.region.name, all))).toContain('SECRETBYTES-1');
    expect(JSON.stringify(await answerContents(eu.region.dataSource, 'nowhere', all))).not.toContain('SECRET');
  });

  it('fill a region that is allowed later, from every region that wrote them, and only then answer there', async () => {
    await mesh.cut(us.region, de.region);
    await setResidency('strict', [eu.region.name, de.region.name, us.region.name]);
    await waitFor('eu’s part', async () => ((await us.value('profiles', 'p-SECRETKEY', 'strict')) === null ? undefined : true), {
      timeoutMs: waitMs,
    });
    await expect(scoped(us, 'strict')).rejects.toMatchObject({ code: 'not_yet_here' });
    mesh.join(us.region, de.region);
    await waitFor('de’s part', async () => ((await us.value('profiles', 'p-SECRETKEY', 'strict')) as { note?: string } | null)?.note, {
      timeoutMs: waitMs,
    });
    await waitFor('the answer', async () => scoped(us, 'strict').catch(() => undefined), { timeoutMs: waitMs });
    expect(await us.value('nested', 'n', 'strict')).toEqual({ name: 'SECRETBYTES-3' });
    expect(await us.everything()).toEqual(await eu.everything());
  });

  it('leave a region that is left out: every table, the streams, and its outbox once the others have what it alone knew', async () => {
    await us.write('profiles', 'by-us', put({ name: 'LEAVINGBYTES-1' }), 'narrowed');
    await eu.write('profiles', 'both', put({ name: 'LEAVINGBYTES-2' }), 'narrowed');
    await quiet();
    await eu.write('profiles', 'both', put({ name: 'LEAVINGBYTES-3' }), 'narrowed');
    await us.write('profiles', 'both', put({ name: 'LEAVINGBYTES-4' }), 'narrowed');
    await quiet();
    expect((await rowsWith(us, 'LEAVINGBYTES')).filter((t) => t === 'conflict')).toHaveLength(1);
    expect(await streamText(us)).toContain('LEAVINGBYTES-1');
    for (const other of [eu, de]) await mesh.cut(other.region, us.region);
    await us.write('profiles', 'last', put({ name: 'LEAVINGBYTES-5' }), 'narrowed');
    await setResidency('narrowed', [eu.region.name, de.region.name]);
    await waitFor(
      'the removal',
      async () =>
        (await rowsOf(us.region.dataSource, `SELECT 1 FROM document_removal WHERE tenant = 'narrowed' AND state = 'handing-over'`))[0],
      { timeoutMs: waitMs },
    );
    // What nobody else has yet is kept for them, in the outbox and nowhere else.
    expect(new Set(await rowsWith(us, 'LEAVINGBYTES'))).toEqual(new Set(['outbox']));
    await expect(scoped(us, 'narrowed')).rejects.toMatchObject({ code: 'residency_conflict' });
    for (const other of [eu, de]) mesh.join(other.region, us.region);
    await quiet();
    expect(await rowsWith(us, 'LEAVINGBYTES')).toEqual([]);
    for (const r of [eu, de, us]) expect(await streamText(r)).not.toContain('LEAVINGBYTES');
    for (const r of [eu, de]) {
      expect(await r.value('profiles', 'last', 'narrowed')).toEqual({ name: 'LEAVINGBYTES-5' });
      expect(await r.value('profiles', 'both', 'narrowed')).toEqual({ name: 'LEAVINGBYTES-4' });
    }
    // Proved: an event that every region has, and a row of the audit, with what was counted.
    const [proof] = await rowsOf<{ data: { removed: Record<string, number> } }>(
      us.region.dataSource,
      `SELECT data FROM outbox WHERE type = 'lapidary.documents.removed.v1'`,
    );
    expect(proof?.data.removed).toMatchObject({ document: 3, conflict: 1, outbox: expect.any(Number) });
    expect(
      await rowsOf(us.region.dataSource, `SELECT 1 FROM audit WHERE action = 'documents.removed' AND subject = 'tenant/narrowed'`),
    ).toHaveLength(1);
  });

  it('come back to a region that is allowed again, also what it alone had written', async () => {
    await eu.write('profiles', 'meanwhile', put({ name: 'BACK' }), 'narrowed');
    await quiet();
    expect(await us.value('profiles', 'meanwhile', 'narrowed')).toBeNull();
    await setResidency('narrowed', []);
    await waitFor('everything', async () => scoped(us, 'narrowed').catch(() => undefined), { timeoutMs: waitMs });
    await quiet();
    for (const id of ['by-us', 'both', 'last', 'meanwhile'])
      expect([id, await us.value('profiles', id, 'narrowed')]).toEqual([id, await eu.value('profiles', id, 'narrowed')]);
    expect(await us.value('profiles', 'last', 'narrowed')).toEqual({ name: 'LEAVINGBYTES-5' });
  });

  it('leave no rights of a counter behind in a region that is left out: what it may sell goes to the home region', async () => {
    await newTenant('sold', []);
    await quiet();
    const operate = (operation: CounterOperation): WriteCommand => ({ op: 'operate', operations: [operation] });
    await eu.write('stock', 's', operate({ op: 'add', units: 10 }), 'sold');
    await eu.write('stock', 's', operate({ op: 'give', units: 6, to: us.region.name }), 'sold');
    await quiet();
    await us.write('stock', 's', operate({ op: 'subtract', units: 1 }), 'sold');
    await setResidency('sold', [eu.region.name, de.region.name]);
    await quiet();
    const rights = async (r: CollectionRegion): Promise<unknown> => {
      const [row] = await rowsOf<KeptState>(r.region.dataSource, `SELECT state, packed FROM document WHERE tenant = 'sold'`);
      return row ? rightsOf(stateOfKept(row) as DocumentState & { kind: 'counter' }) : null;
    };
    const all = { [eu.region.name]: 9, [us.region.name]: 0 };
    expect([await rights(eu), await rights(de), await rights(us)]).toEqual([all, all, null]);
  });

  it('may not leave the home region out', async () => {
    await expect(setResidency('free', [us.region.name])).rejects.toMatchObject({ code: 'residency_conflict' });
  });
});
