import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { inTransaction } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import { readEvents } from '@lapidary/replication/read-events';
import { systemContext } from '../http/command-context.js';
import { openTestRegion, tellOfStamp, type TestRegion } from '../outbox/testing/test-region.js';
import { resumeTenant } from '../tenants/suspend-tenant.js';
import { ingest } from './ingest.js';
import { adoptEpoch, readPosition } from './peer-position.js';
import { claimTenant, handOver, logOf, oneTo, openTwoRegions, replicasOf, tellOfTenant, tenantOf, toolsOf } from './testing/two-regions.js';

let eu: TestRegion;
let us: TestRegion;
let close: () => Promise<void>;

beforeEach(async () => {
  ({ eu, us, close } = await openTwoRegions());
});
afterEach(async () => close());

describe('taking in a peer’s events', () => {
  it('ends in one state, whatever order, duplication and loss, with gaps filled (I6)', async () => {
    for (const i of oneTo(3)) await tellOfStamp(eu, i);
    for (const version of oneTo(12))
      await tellOfTenant(eu, tenantOf(eu.name, `t${version % 4}`, version, `${eu.name}-${1 + (version % 3)}`));
    const log = await logOf(eu);
    const tools = toolsOf(us);
    await adoptEpoch(us.dataSource, eu.name, 1);
    for (let round = 0; round < 40; round++) {
      const start = Math.floor(Math.random() * log.length);
      const piece = log.slice(start, start + 1 + Math.floor(Math.random() * 4));
      if (Math.random() < 0.3) piece.reverse();
      const { run } = await ingest(us.dataSource, tools, eu.name, readEvents(eu.name, piece));
      if (run.stopped?.by.kind === 'gap' && Math.random() < 0.5) {
        const { from, to } = run.stopped.by;
        const fill = log.filter((e) => e.originsequence >= from && e.originsequence <= to);
        await ingest(us.dataSource, tools, eu.name, readEvents(eu.name, fill), { epoch: 1, from, through: to });
      }
    }
    await ingest(us.dataSource, tools, eu.name, readEvents(eu.name, log), { epoch: 1, from: 1, through: log.length });
    const third = await openTestRegion({ peers: [eu.name, us.name] });
    await handOver(eu, third);
    expect(await replicasOf(us, eu.name)).toEqual(await replicasOf(third, eu.name));
    expect(await readPosition(us.dataSource, eu.name)).toMatchObject({ epoch: 1, sequence: log.length });
    const [inbox]: { n: string }[] = await us.dataSource.query('SELECT count(*) AS n FROM inbox');
    expect(Number(inbox!.n)).toBe(log.length);
    await third.close();
  });

  it('by two readers at once takes effect once (I5)', async () => {
    for (const i of oneTo(20)) await tellOfStamp(eu, i);
    const log = readEvents(eu.name, await logOf(eu));
    await adoptEpoch(us.dataSource, eu.name, 1);
    const results = await Promise.all(oneTo(4).map(async () => ingest(us.dataSource, toolsOf(us), eu.name, log)));
    expect(results.reduce((n, r) => n + r.applied.length, 0)).toBe(20);
  });

  it('parks what can never be applied and goes on; a later event of the subject heals it (P-SC3)', async () => {
    await tellOfStamp(eu, 1);
    await tellOfTenant(eu, tenantOf(eu.name, 'acme', 1, `${eu.name}-99`)); // a stamp that nobody ever told of
    await tellOfStamp(eu, 2);
    await tellOfTenant(eu, tenantOf(eu.name, 'acme', 2, `${eu.name}-2`));
    const log: unknown[] = await logOf(eu);
    log.push(
      { ...(log[0] as object), id: 'x5', originsequence: 5, type: 'lapidary.stamp.unheard-of.v1' },
      { ...(log[0] as object), id: 'x6', originsequence: 6, data: { stamp: 'rubbish\u0000' } },
      'rubbish',
      { ...(log[0] as object), id: 'x8', originsequence: 8, data: (log[2] as EventEnvelope).data },
    );
    await adoptEpoch(us.dataSource, eu.name, 1);
    const { parked, applied } = await ingest(us.dataSource, toolsOf(us), eu.name, readEvents(eu.name, log));
    expect([parked, applied.map((e) => e.originsequence)]).toEqual([4, [1, 3, 4, 8]]);
    expect(await readPosition(us.dataSource, eu.name)).toMatchObject({ sequence: 8 });
    const dead: { sequence: string; subject: string; state: string }[] = await us.dataSource.query(
      'SELECT sequence, subject, state FROM dead_letter ORDER BY sequence',
    );
    expect(dead.map((d) => [Number(d.sequence), d.subject, d.state])).toEqual([
      [2, 'tenant/acme', 'superseded'],
      [5, `stamp/${eu.name}-1`, 'superseded'],
      [6, `stamp/${eu.name}-1`, 'superseded'],
      [7, 'unreadable', 'open'],
    ]);
    const [acme]: { version: number; stamp: string }[] = await us.dataSource.query(
      `SELECT t.version, p.stamp FROM tenant t JOIN placement p ON p.tenant = t.id AND p.is_current WHERE t.id = 'acme'`,
    );
    expect(acme).toEqual({ version: 2, stamp: `${eu.name}-2` });
  });

  it('moves on by an answer of the outbox only where it stands as it did when it asked (I5)', async () => {
    for (const i of oneTo(6)) await tellOfStamp(eu, i);
    const log = await logOf(eu);
    const take = async (from: number, epoch = 1) => {
      const { run, applied } = await ingest(us.dataSource, toolsOf(us), eu.name, readEvents(eu.name, log.slice(from - 1)), {
        epoch,
        from,
        through: 6,
      });
      return [run.stopped?.by.kind, run.at.sequence, applied.length];
    };
    await adoptEpoch(us.dataSource, eu.name, 1);
    // Its database has lost what it had taken in, or was told to read everything anew.
    expect(await take(4)).toEqual(['gap', 0, 0]);
    await adoptEpoch(us.dataSource, eu.name, 2);
    // The answer was under way when the peer began another epoch.
    expect(await take(1)).toEqual([undefined, 0, 0]);
    expect(await readPosition(us.dataSource, eu.name)).toMatchObject({ epoch: 2, sequence: 0 });
    expect(await take(1, 3)).toEqual(['newer-epoch', 0, 0]);
  });

  it('believes a region about its own stamps and tenants only', async () => {
    await tellOfStamp(us, 1);
    const [foreign] = await logOf(us);
    await adoptEpoch(us.dataSource, eu.name, 1);
    const { parked } = await ingest(us.dataSource, toolsOf(us), eu.name, readEvents(eu.name, [{ ...foreign!, originregion: eu.name }]));
    expect(parked).toBe(1);
  });

  it('follows a peer whose database was restored, and takes nothing more from the old one', async () => {
    await tellOfStamp(eu, 1, 5);
    await handOver(eu, us);
    await eu.dataSource.query('UPDATE origin SET epoch = 2');
    await eu.dataSource.query(`UPDATE outbox SET data = jsonb_set(data, '{stamp,version}', '3')`);
    const restored = await logOf(eu);
    expect((await ingest(us.dataSource, toolsOf(us), eu.name, readEvents(eu.name, restored))).run.stopped?.by).toEqual({
      kind: 'newer-epoch',
      epoch: 2,
    });
    await adoptEpoch(us.dataSource, eu.name, 2);
    await ingest(us.dataSource, toolsOf(us), eu.name, readEvents(eu.name, restored));
    const [row]: { version: number }[] = await us.dataSource.query('SELECT version FROM stamp');
    expect(row!.version).toBe(3);
  });
});

describe('a name that two regions gave out while apart', () => {
  it('belongs to the earlier claim everywhere; the loser is suspended and kept, and every region shows the conflict (I6)', async () => {
    await claimTenant(eu, 'acme', '0000000000002.0000.eu');
    await claimTenant(us, 'acme', '0000000000001.0000.us');
    const third = await openTestRegion({ peers: [eu.name, us.name] });
    const fourth = await openTestRegion({ peers: [eu.name, us.name] });
    await handOver(eu, third);
    await handOver(us, third);
    await handOver(us, fourth);
    await handOver(eu, fourth);
    await handOver(us, eu);
    await handOver(eu, us);
    await handOver(eu, third); // the loser's suspension travels too, and changes nothing
    await handOver(eu, fourth);
    const seen = async (r: TestRegion): Promise<unknown> => r.dataSource.query('SELECT home_region, status FROM tenant');
    expect(await seen(eu)).toEqual([{ home_region: eu.name, status: 'suspended' }]);
    for (const r of [us, third, fourth]) expect(await seen(r)).toEqual([{ home_region: us.name, status: 'pending' }]);
    for (const r of [eu, us, third, fourth]) {
      const rows: { winner: { region: string }; loser: { region: string } }[] = await r.dataSource.query(
        'SELECT winner, loser FROM conflict',
      );
      expect(rows).toMatchObject([{ winner: { region: us.name }, loser: { region: eu.name } }]);
    }
    const [audit]: { actor: string }[] = await eu.dataSource.query(`SELECT actor FROM audit WHERE action = 'tenant.suspended'`);
    expect(audit).toEqual({ actor: 'system:replication' });
    // Ids are given out once: who has lost one is not served under it again, however its owner is asked.
    const resume = inTransaction(eu.dataSource, async (tx) =>
      resumeTenant(
        tx,
        systemContext(eu.name, 'test', newId()),
        { clock: eu.clock, baseDomain: 'test' },
        { id: 'acme', ifMatch: undefined },
      ),
    );
    await expect(resume).rejects.toMatchObject({ code: 'name_taken', details: { winner: us.name } });
    await Promise.all([third.close(), fourth.close()]);
  });
});
