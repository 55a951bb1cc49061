import { inTransaction } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import type { DataSource } from 'typeorm';
import { systemContext } from '../http/command-context.js';
import { evaluate } from '../placement/decide.js';
import { readStampFacts } from '../placement/read-facts.js';
import { placeTenant } from './place-tenant.js';
import { tenantFactsOf, tenantSelect, type TenantRow, type TenantTools } from './tenant-row.js';
import { getTenant } from './tenant-store.js';

/** One database holds one region; a number that no other lock of it has. */
const turnLock = 0x6c61_70e0;
/** Tenants read at once; the queue may be long, memory should not be. */
const pageSize = 200;

export interface SweepDeps {
  readonly dataSource: DataSource;
  readonly tools: TenantTools;
  readonly region: string;
  readonly signal: AbortSignal;
}

export interface SweepResult {
  readonly placed: number;
  /** Still waiting when the sweep was over. */
  readonly waiting: number;
}

/**
 * Walks the queue of pending tenants once, the longest waiting first, and places whom it can. Who finds no room is
 * passed over, so that one heavy tenant never blocks lighter ones behind it (ADR 0009). The decision to try is made on
 * a look at the fleet; whether it holds is decided in the tenant's own transaction. Several sweepers may run at once: they take
 * turns, tenant by tenant, so that each has seen everybody before it placed whom the last room goes to (ADR 0073).
 */
export const sweepPending = async (deps: SweepDeps): Promise<SweepResult> => {
  let placed = 0;
  let waiting = 0;
  let after: { since: string; id: string } | null = null;
  let fleet = await readStampFacts(deps.dataSource);
  for (;;) {
    const page = await readQueue(deps, after);
    for (const row of page) {
      if (deps.signal.aborted) return { placed, waiting };
      const worthTrying = evaluate(tenantFactsOf(row), fleet).chosen !== null;
      const done = worthTrying && (await placeOne(deps, row.id));
      if (done) placed++;
      else waiting++;
      if (worthTrying) fleet = await readStampFacts(deps.dataSource);
    }
    const last = page.at(-1);
    if (!last || page.length < pageSize) return { placed, waiting };
    after = { since: last.queued_at, id: last.id };
  }
};

/** Longest waiting first; equal times by id. The time goes as text: a Date would lose the microseconds. */
const readQueue = async (deps: SweepDeps, after: { since: string; id: string } | null): Promise<(TenantRow & { queued_at: string })[]> =>
  deps.dataSource.query(
    `SELECT seen.*, seen.pending_since::text AS queued_at FROM (${tenantSelect} WHERE t.home_region = $1 AND t.status = 'pending') AS seen
      WHERE $2::timestamptz IS NULL OR (seen.pending_since, seen.id) > ($2::timestamptz, $3::text)
      ORDER BY seen.pending_since, seen.id LIMIT $4`,
    [deps.region, after?.since ?? null, after?.id ?? null, pageSize],
  );

/** False where somebody else has it in hand, or where the room is gone again. */
const placeOne = async (deps: SweepDeps, id: string): Promise<boolean> =>
  inTransaction(deps.dataSource, async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock($1)', [turnLock]);
    const locked: unknown[] = await tx.query(`SELECT 1 FROM tenant WHERE id = $1 AND status = 'pending' FOR NO KEY UPDATE SKIP LOCKED`, [
      id,
    ]);
    if (locked.length === 0) return false;
    const context = systemContext(deps.region, 'pending-sweeper', newId());
    const { tenant } = await placeTenant(tx, context, deps.tools, await getTenant(tx, id), { recordPending: false });
    return tenant !== null;
  });
