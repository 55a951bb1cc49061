import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, type Reader, type Tx } from '@lapidary/db/transaction';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { giveAllRights } from '@lapidary/replication/collections/give-rights';
import { tellChange } from '@lapidary/replication/collections/tell-change';
import { changeOfWhole } from '@lapidary/replication/collections/whole-change';
import { maySpendRights } from '@lapidary/replication/recovery/recovery-states';
import type { DataSource } from 'typeorm';
import { tickOf } from '../collections/collection-tools.js';
import { PostgresCollections } from '../collections/postgres-collections.js';
import { readRecovery } from '../fence/recovery-rows.js';
import type { CommandContext } from '../http/command-context.js';
import { readPosition } from '../replication/peer-position.js';
import type { ToldDecision } from '../regions/given-up-rows.js';

/** One transaction's worth. */
const atOnce = 100;

interface CounterKey {
  readonly collection: string;
  readonly tenant: string;
  readonly id: string;
}

const first: CounterKey = { collection: '', tenant: '', id: '' };

/** Counters after that one, which are here without anything being owed of their tenant (residency/withheld.ts). */
const countersAfter = async (tx: Tx, lost: string, { collection, tenant, id }: CounterKey): Promise<CounterKey[]> =>
  await rowsOf<CounterKey>(
    tx,
    `SELECT d.collection, d.tenant, d.id FROM document d
      WHERE d.kind = 'counter' AND d.exists AND (d.collection, d.tenant, d.id) > ($2, $3, $4)
        AND NOT EXISTS (SELECT 1 FROM withheld_change w WHERE w.origin = $1 AND w.tenant = d.tenant)
      ORDER BY d.collection, d.tenant, d.id LIMIT $5`,
    [lost, collection, tenant, id, atOnce],
  );

/** RG8: tells the counters in which the lost region wrote, whole: what others have not heard of its rows they have then. */
export const recallCounters = async (tx: Tx, context: CommandContext, clock: HybridLogicalClock, lost: string): Promise<void> => {
  const store = new PostgresCollections(tx, clock, context);
  for (let after = first; ;) {
    const some = await countersAfter(tx, lost, after);
    for (const { collection, tenant, id } of some) {
      const key = { collection, kind: 'counter', tenant, id } as const;
      const stored = await store.document(key);
      if (stored?.state.kind !== 'counter' || !Object.keys(stored.state.rows).some((writer) => writer.startsWith(`${lost}#`))) continue;
      await tellChange(store, key, { whole: true, change: changeOfWhole(stored.state, null), settled: [] });
    }
    if (some.length < atOnce) return;
    after = some.at(-1)!;
  }
};

/** Whether something of a document that the lost region told is here and not taken in: what it spent by that nobody else may sell. */
export const isUnsettled = async (reader: Reader, lost: string): Promise<boolean> => {
  const [row] = await rowsOf<{ waits: boolean }>(
    reader,
    `SELECT EXISTS (SELECT 1 FROM dead_letter WHERE origin = $1 AND state IN ('open', 'waiting') AND (type LIKE 'lapidary.document.%' OR subject NOT LIKE '%/%'))
         OR EXISTS (SELECT 1 FROM held_change WHERE origin = $1) AS waits`,
    [lost],
  );
  return row!.waits;
};

/**
 * RG8: takes over what the lost region might still have sold of bounded counters, by writing in its own row that it gave all of it. Nobody else ever writes that row
 * again, and all that was known of it is known here, so that it is given once, and the value stays what it is (C1 to C3 of merge/counter.ts). Done again it finds nothing left.
 * False: it must wait, since this region may not use rights itself (B5).
 */
export const inheritRights = async (
  dataSource: DataSource,
  context: CommandContext,
  clock: HybridLogicalClock,
  { decision: { region: lost }, words }: ToldDecision,
): Promise<boolean> => {
  if (words.some((w) => w.unsettled === true)) return true;
  if (!maySpendRights((await readRecovery(dataSource)).state)) return false;
  const { epoch } = await readPosition(dataSource, lost);
  const site = { region: lost, epoch: Math.max(1, epoch), tick: tickOf(clock) };
  const by = { actor: context.actor, requestId: context.requestId, origin: context.region };
  for (let after: CounterKey | undefined = first; after !== undefined;) {
    const from: CounterKey = after;
    after = await inTransaction(dataSource, async (tx) => {
      const store = new PostgresCollections(tx, clock, context);
      const some = await countersAfter(tx, lost, from);
      for (const { collection, tenant, id } of some)
        await giveAllRights(store, site, { collection, kind: 'counter', tenant, id }, context.region, by);
      return some.length < atOnce ? undefined : some.at(-1);
    });
  }
  return true;
};
