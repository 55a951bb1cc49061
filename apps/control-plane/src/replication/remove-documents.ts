import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, type Tx } from '@lapidary/db/transaction';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { newId } from '@lapidary/kernel/ids';
import { nextState } from '@lapidary/kernel/transition-table';
import type { DataSource } from 'typeorm';
import { recordAudit } from '../audit/record-audit.js';
import { maySpendRights } from '@lapidary/replication/recovery/recovery-states';
import { giveAllRights } from '@lapidary/replication/collections/give-rights';
import { tickOf } from '../collections/collection-tools.js';
import { PostgresCollections } from '../collections/postgres-collections.js';
import { readRecovery } from '../fence/recovery-rows.js';
import { systemContext } from '../http/command-context.js';
import { readOrigin } from '../outbox/outbox-rows.js';
import { recordEvent } from '../outbox/record-event.js';
import { allowedIn } from '../residency/holding.js';
import { removalTransitions, type RemovalState } from '../residency/removal-states.js';
import { widenWithheld } from '../residency/withheld.js';

/** Every table that may hold contents of a tenant's documents, but the outbox, and which rows. A new one belongs here too. */
const places: Readonly<Record<string, string>> = {
  document: 'tenant = $1',
  change: 'tenant = $1',
  grave: 'tenant = $1',
  owed_objection: 'tenant = $1',
  removal_note: 'tenant = $1',
  conflict: 'tenant = $1',
  held_change: `event->'data'->>'tenant' = $1`,
  dead_letter: `event->'data'->>'tenant' = $1 AND type LIKE 'lapidary.document.%' OR subject LIKE 'document/%/' || $1 || '/%'`,
  idempotency_key: `body->>'tenant' = $1 AND body ? 'collection'`,
};

const contents = `type = 'lapidary.document.changed.v1' AND data->>'tenant' = $1`;

interface Row {
  readonly tenant: string;
  readonly state: RemovalState;
  readonly removed: Record<string, number>;
}

/**
 * One step of each removal that is open. `peers` are the configured ones: those that the residency allows must have acknowledged what
 * this region's outbox has, before it goes. Returns how many steps were taken.
 */
export const stepRemovals = async (dataSource: DataSource, clock: HybridLogicalClock, peers: readonly string[]): Promise<number> => {
  const open = await rowsOf<Row>(dataSource, `SELECT tenant FROM document_removal WHERE state <> 'removed' ORDER BY since, tenant`);
  let steps = 0;
  for (const { tenant } of open) {
    steps += await inTransaction(dataSource, async (tx) => {
      const [row] = await rowsOf<Row>(tx, 'SELECT tenant, state, removed FROM document_removal WHERE tenant = $1 FOR UPDATE', [tenant]);
      if (row?.state === 'removing') return await remove(tx, row, clock);
      return row?.state === 'handing-over' ? await handOver(tx, row, clock, peers) : 0;
    });
  }
  return steps;
};

const save = async (tx: Tx, row: Row, state: RemovalState, removed: Record<string, number>): Promise<number> => {
  await tx.query(
    `UPDATE document_removal SET state = $2, removed = $3::jsonb, removed_at = CASE WHEN $2 = 'removed' THEN clock_timestamp() END WHERE tenant = $1`,
    [row.tenant, state, JSON.stringify(removed)],
  );
  return 1;
};

const remove = async (tx: Tx, row: Row, clock: HybridLogicalClock): Promise<number> => {
  await giveRightsHome(tx, row.tenant, clock);
  const removed: Record<string, number> = { ...row.removed };
  for (const [table, where] of Object.entries(places)) {
    const gone = await rowsOf(tx, `DELETE FROM ${table} WHERE ${where} RETURNING 1`, [row.tenant]);
    removed[table] = (removed[table] ?? 0) + gone.length;
  }
  // Everything of it that was ever told is owed to this region, should the tenant be allowed here again; its own changes too.
  const own = await readOrigin(tx);
  const vector = await rowsOf<{ origin: string; epoch: number; sequence: string }>(
    tx,
    'SELECT origin, epoch, sequence FROM version_vector WHERE origin <> $1 AND epoch > 0 AND sequence > 0 ORDER BY origin',
    [own.region],
  );
  const told = [...vector, { origin: own.region, epoch: own.epoch, sequence: String(Math.max(1, own.sequence)) }];
  for (const { origin, epoch, sequence } of told)
    await widenWithheld(tx, { origin, epoch, tenant: row.tenant, first: 1, last: Number(sequence) });
  return await save(tx, row, nextState(removalTransitions, row.state, 'remove'), removed);
};

/** What this region may still sell of the tenant's stock goes to the home region, told as any write, which is handed over with the others: here nobody could use it any more. */
const giveRightsHome = async (tx: Tx, tenant: string, clock: HybridLogicalClock): Promise<void> => {
  // B5: who may not use rights may not give them.
  if (!maySpendRights((await readRecovery(tx)).state)) return;
  const [home] = await rowsOf<{ region: string }>(tx, 'SELECT home_region AS region FROM tenant WHERE id = $1', [tenant]);
  const { region, epoch } = await readOrigin(tx);
  if (!home || home.region === region) return;
  const counters = await rowsOf<{ collection: string; id: string }>(
    tx,
    `SELECT collection, id FROM document WHERE tenant = $1 AND kind = 'counter' AND exists ORDER BY collection, id`,
    [tenant],
  );
  const context = systemContext(region, 'residency', newId());
  const store = new PostgresCollections(tx, clock, context);
  const site = { region, epoch, tick: tickOf(clock) };
  for (const { collection, id } of counters)
    await giveAllRights(store, site, { collection, kind: 'counter', tenant, id }, home.region, context);
};

const handOver = async (tx: Tx, row: Row, clock: HybridLogicalClock, peers: readonly string[]): Promise<number> => {
  if (!(await isHandedOver(tx, row.tenant, peers))) return 0;
  for (const [table, where] of Object.entries(places)) {
    const [left] = await rowsOf(tx, `SELECT 1 FROM ${table} WHERE ${where} LIMIT 1`, [row.tenant]);
    if (left) return await save(tx, row, nextState(removalTransitions, row.state, 'find'), row.removed);
  }
  const stubs = await rowsOf(
    tx,
    `UPDATE outbox SET type = 'lapidary.document.withheld.v1', subject = 'withheld/' || $1, data = jsonb_build_object('tenant', $1::text)
      WHERE ${contents} RETURNING 1`,
    [row.tenant],
  );
  const removed = { ...row.removed, outbox: stubs.length };
  const { region } = await readOrigin(tx);
  const context = systemContext(region, 'residency', newId());
  const [own] = await rowsOf<{ through: string }>(
    tx,
    'SELECT max(last_sequence) AS through FROM withheld_change WHERE origin = $1 AND tenant = $2',
    [region, row.tenant],
  );
  await recordEvent(tx, context, clock, 'lapidary.documents.removed.v1', `documents-removed/${row.tenant}/${region}`, {
    tenant: row.tenant,
    region,
    removed,
    through: Number(own?.through ?? 0),
  });
  await recordAudit(tx, context, 'documents.removed', `tenant/${row.tenant}`, { region, removed });
  return await save(tx, row, nextState(removalTransitions, row.state, 'hand-over'), removed);
};

/** Every peer that may have the tenant has what the outbox tells of it, and the stream has none of its contents any more. */
const isHandedOver = async (tx: Tx, tenant: string, peers: readonly string[]): Promise<boolean> => {
  const [waiting] = await rowsOf(
    tx,
    `SELECT 1 FROM stream_purge WHERE tenant = $1
     UNION ALL
     SELECT 1 FROM outbox x LEFT JOIN outbox_number n ON n.position = x.position
      WHERE ${contents.replaceAll('type', 'x.type').replaceAll('data', 'x.data')} AND (n.sequence IS NULL OR EXISTS (
       SELECT 1 FROM unnest($2::text[]) AS peer(name) JOIN tenant t ON t.id = $1 LEFT JOIN region r ON r.name = peer.name
         CROSS JOIN origin o LEFT JOIN peer_ack a ON a.peer = peer.name AND a.epoch = o.epoch
        WHERE peer.name <> o.region AND ${allowedIn('t', 'r')} AND coalesce(a.sequence, 0) < n.sequence))
     LIMIT 1`,
    [tenant, peers],
  );
  return waiting === undefined;
};
