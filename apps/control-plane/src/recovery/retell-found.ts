import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, type Tx } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import { stampKey, tenantKey } from '@lapidary/contracts/directory';
import type { DocumentKey } from '@lapidary/replication/collections/collection-store';
import { tellChange } from '@lapidary/replication/collections/tell-change';
import { epochOfMoment, epochToOpen, latestUnheard } from '@lapidary/replication/recovery/reconcile-rules';
import { wholeChange } from '@lapidary/replication/collections/whole-change';
import { objectToOwed } from '../collections/owed-objections.js';
import { PostgresCollections } from '../collections/postgres-collections.js';
import { moveRecovery, passFence, readRecovery, recoveryContext } from '../fence/recovery-rows.js';
import type { CommandContext } from '../http/command-context.js';
import { recordEvent } from '../outbox/record-event.js';
import { recordStampChange } from '../stamps/record-stamp.js';
import { recordTenantChange } from '../tenants/record-tenant.js';
import type { RecoveryTools } from './reconcile-peer.js';
import { readProgress, takeFound, type Found } from './recovery-progress.js';
import { skippedEpochs } from '../fence/skipped-epochs.js';

/** One transaction's worth: their locks are held for some tens of milliseconds. */
const toldAtOnceMax = 50;
/** Tells what was found anew, so that every region has it, and outboxes together stay complete (P-GE2). */
export const retellFound = async (tools: RecoveryTools): Promise<void> => {
  for (let more = true; more;) {
    more = await inTransaction(tools.dataSource, async (tx) => {
      await passFence(tx);
      const found = await takeFound(tx, toldAtOnceMax);
      for (const one of found) await retell(tx, tools, recoveryContext(tools.region), one);
      return found.length > 0;
    });
  }
};

const retell = async (tx: Tx, tools: RecoveryTools, context: CommandContext, found: Found): Promise<void> => {
  const { clock, baseDomain } = tools;
  const store = new PostgresCollections(tx, clock, context);
  switch (found.what) {
    case 'stamp':
      await forgetOlder(tx, stampKey(found.key[0]));
      await recordStampChange(tx, context, clock, 'lapidary.stamp.updated.v1', found.key[0], { recovered: true });
      return;
    case 'tenant':
      await forgetOlder(tx, tenantKey(found.key[0]));
      await recordTenantChange(tx, context, { clock, baseDomain }, 'lapidary.tenant.updated.v1', found.key[0], { recovered: true });
      return;
    case 'definition': {
      const definition = await store.definition(found.key[0]);
      if (definition === null) return;
      // Merged of what regions told before: its form is theirs.
      const data = { collection: found.key[0], definition } as never;
      await recordEvent(tx, context, clock, 'lapidary.collection.defined.v1', `collection/${found.key[0]}`, data);
      return;
    }
    case 'document': {
      const [collection, kind, tenant, id] = found.key;
      const key = { collection, kind, tenant, id } as DocumentKey;
      const stored = await store.document(key);
      if (stored) await tellChange(store, key, wholeChange(key, stored));
    }
  }
};

/**
 * B4: whoever reads the new epoch from its beginning meets a stamp or tenant once, as it is, and never as the backup had it. Each of its events
 * carries the whole state (ADR 7), so the newest stands for all.
 */
const forgetOlder = async (tx: Tx, subject: string): Promise<void> => {
  await tx.query('DELETE FROM outbox WHERE subject = $1', [subject]);
};

/** B4: likewise what every region knew as it is here, of which the outbox still has how it was before. */
const forgetSuperseded = async (tx: Tx): Promise<void> => {
  await tx.query(
    `DELETE FROM outbox o USING outbox n WHERE n.subject = o.subject AND n.position > o.position
        AND (o.type LIKE 'lapidary.stamp.%' AND n.type LIKE 'lapidary.stamp.%' OR o.type LIKE 'lapidary.tenant.%' AND n.type LIKE 'lapidary.tenant.%')`,
  );
};

/**
 * Begins the new epoch and lifts the fence, in one transaction: what was told meanwhile and everything before it is part of that epoch, and gets its
 * numbers under it (B2). `without`: regions that were not heard. One that was restored itself may
 * have forgotten what it knew of this one: nothing that anybody says is the latest then (ADR 74).
 */
export const openRegion = async ({ dataSource, region, clock, logger }: RecoveryTools, without: readonly string[]): Promise<void> => {
  const epoch = await inTransaction(dataSource, async (tx) => {
    await passFence(tx);
    const [origin] = await rowsOf<{ epoch: number }>(tx, 'SELECT epoch FROM origin FOR UPDATE');
    const recovery = await readRecovery(tx, { lock: true });
    if (recovery.state !== 'retelling') return null;
    const progress = [...(await readProgress(tx)).values()];
    const isUnsure = without.length > 0 || progress.some(({ wasRestored }) => wasRestored);
    const next = epochToOpen(
      origin!.epoch,
      [...recovery.evidence, ...progress].map(({ epoch }) => epoch),
      isUnsure ? epochOfMoment(Date.now()) : 0,
    );
    for (const { latestHlc } of progress) if (latestHlc !== null) clock.observe(latestHlc);
    if (recovery.hlcFloor !== null) clock.observe(recovery.hlcFloor);
    if (isUnsure) clock.observe(latestUnheard(region, Date.now()));
    await forgetSuperseded(tx);
    // The directory's cursors and the agents' belong to a generation: they are read anew, beside what is served (ADR 31).
    await tx.query('UPDATE origin SET epoch = $1, generation = $2', [next, newId()]);
    await tx.query('UPDATE recovery SET hlc_floor = $1, without = $2', [clock.tick(), without]);
    // Later than the floor, and part of the new epoch.
    await objectToOwed(tx, new PostgresCollections(tx, clock, recoveryContext(region)), { region, clock });
    await tx.query(
      `UPDATE tenant t SET placement_epoch = placement_epoch + $2
        WHERE home_region = $1 AND EXISTS (SELECT 1 FROM placement p WHERE p.tenant = t.id AND p.is_current)`,
      [region, skippedEpochs],
    );
    // I2: reservations of placements that were found are counted again from the placements themselves.
    await tx.query(
      `UPDATE stamp s SET used_units = placed.units, tenant_count = placed.tenants
         FROM (SELECT n.name, coalesce(sum(p.units), 0)::int AS units, count(p.tenant)::int AS tenants
                 FROM stamp n LEFT JOIN placement p ON p.stamp = n.name AND p.is_current WHERE n.region = $1 GROUP BY n.name) AS placed
        WHERE s.name = placed.name AND (s.used_units, s.tenant_count) IS DISTINCT FROM (placed.units, placed.tenants)`,
      [region],
    );
    // What it once declared to know was of a database that is no more.
    await tx.query('DELETE FROM own_knowledge');
    const event = without.length === 0 ? 'open' : 'open-partly';
    await moveRecovery(tx, recoveryContext(region), recovery.state, event, { epoch: next, without: [...without] });
    if (without.length === 0) await forgetRecovery(tx);
    return next;
  });
  if (epoch !== null) logger.warn({ epoch, without }, 'this region was restored from a backup and is reconciled; it writes again');
};

/** Nothing of it is open any more; the audit tells of it. */
export const forgetRecovery = async (tx: Tx): Promise<void> => {
  await tx.query('DELETE FROM recovery_peer');
  await tx.query(`UPDATE recovery SET evidence = '[]', without = '{}'`);
};
