import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import type { DocumentKey } from '@lapidary/replication/collections/collection-store';
import { retellPurge } from '@lapidary/replication/collections/purge-document';
import { systemContext } from '../http/command-context.js';
import { PostgresCollections } from './postgres-collections.js';
import type { RetentionTools } from './purge-tombstones.js';
import { readStability, stableDeclaration } from './stability-rows.js';
import { lockHere } from './stored-documents.js';

/** One transaction's worth. */
const retoldAtOnceMax = 100;

/**
 * Tells purges again whose place is of an epoch that their region has ended (T5): that region may have lost them, and another one may never have heard
 * them. Only where everybody is known to read the new epoch, so that what it tells again itself has come first. Returns how many.
 */
export const retellPurges = async (tools: RetentionTools): Promise<number> => {
  const stability = await readStability(tools.dataSource);
  const stable = stableDeclaration(stability, tools.peers);
  const origins = Object.entries(stability.known).filter(
    ([origin, { epoch }]) => stable?.known[origin]?.epoch === epoch && origin !== tools.region,
  );
  let retold = 0;
  for (const [origin, { epoch }] of origins) retold += await retellPurgesOf(tools, origin, { epoch, sequence: Number.MAX_SAFE_INTEGER });
  return retold;
};

/** How far in a region's log. */
export interface ToldPlace {
  readonly epoch: number;
  readonly sequence: number;
}

/** Tells again, in this region's own log, what `origin` purged beyond that place, or under an epoch before it. Returns how many. */
export const retellPurgesOf = async (tools: RetentionTools, origin: string, heardByAll: ToldPlace): Promise<number> => {
  let retold = 0;
  for (let more = true; more;) {
    const found = await retellSome(tools, origin, heardByAll);
    retold += found;
    more = found === retoldAtOnceMax;
  }
  return retold;
};

const retellSome = async ({ dataSource, region, clock }: RetentionTools, origin: string, known: ToldPlace): Promise<number> =>
  await inTransaction(dataSource, async (tx) => {
    const keys = await rowsOf<DocumentKey>(
      tx,
      `SELECT collection, kind, tenant, id FROM grave
        WHERE forgotten_at IS NULL AND contents IS NOT NULL AND purge_origin = $1 AND (purge_epoch < $2 OR (purge_epoch = $2 AND purge_sequence > $3)) ORDER BY buried_at LIMIT $4`,
      [origin, known.epoch, known.sequence, retoldAtOnceMax],
    );
    const here = await lockHere(tx, keys);
    const context = systemContext(region, 'retention', newId());
    const store = new PostgresCollections(tx, clock, context);
    const by = { origin: region, actor: context.actor, requestId: context.requestId };
    let retold = 0;
    for (const key of here) if ((await retellPurge(store, key, by)) !== null) retold++;
    return retold;
  });
