import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { newId } from '@lapidary/kernel/ids';
import { lookAtSome } from '@lapidary/replication/collections/look-again';
import type { DataSource } from 'typeorm';
import { systemContext } from '../http/command-context.js';
import { PostgresCollections } from './postgres-collections.js';

/** One transaction's worth: some 100 ms, for which a new definition of the collection waits, and writers of these documents. */
const lookedAtOnceMax = 200;

export interface LookTools {
  readonly region: string;
  readonly dataSource: DataSource;
  readonly clock: HybridLogicalClock;
  /** New entries of the conflict ledger. */
  readonly onLosses: (collection: string, count: number) => void;
  readonly onUnreadable: (documents: readonly string[]) => void;
}

/**
 * Looks again at the documents of all collections whose rules have changed (libs/replication/src/collections/look-again.ts), a piece after
 * the other; until the signal between two. One collection that can't be looked at keeps no other one waiting: what went wrong with
 * the first is thrown at the end. Returns how many documents were looked at.
 */
export const lookAgain = async (tools: LookTools, signal: AbortSignal, atOnceMax: number = lookedAtOnceMax): Promise<number> => {
  const sql = 'SELECT collection FROM collection_look ORDER BY since, collection';
  const failures: unknown[] = [];
  let looked = 0;
  for (const { collection } of await rowsOf<{ collection: string }>(tools.dataSource, sql)) {
    try {
      for (let isOver = false; !isOver && !signal.aborted;) {
        const piece = await lookAtPiece(tools, collection, atOnceMax);
        looked += piece.documents;
        isOver = piece.isOver;
      }
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return looked;
};

const lookAtPiece = async ({ region, dataSource, clock, onLosses, onUnreadable }: LookTools, collection: string, atOnceMax: number) => {
  const context = systemContext(region, 'policies', newId());
  const piece = await inTransaction(dataSource, async (tx) =>
    lookAtSome(new PostgresCollections(tx, clock, context), collection, atOnceMax),
  );
  if (piece.losses > 0) onLosses(collection, piece.losses);
  if (piece.unreadable.length > 0) onUnreadable(piece.unreadable);
  return piece;
};
