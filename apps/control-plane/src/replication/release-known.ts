import { eventVersions } from '@lapidary/contracts/events/upcasters';
import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, type Tx } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import type { DataSource } from 'typeorm';
import { systemContext } from '../http/command-context.js';
import type { ApplyTools } from './apply-tenant.js';
import { replayDeadLetter } from './settle-dead-letter.js';

/** Looked for at once; a transaction each. */
const releasedAtOnceMax = 500;

/**
 * A region that is rolled out later than another hears of types that it does not know. They are parked as they came (P-SC3), and
 * applied here, in the origin's order, once the code that runs knows them: a roll-out needs nobody to replay anything. One that is
 * refused then for another reason is left to a person. Where one fails the others go on; throws what the first of them failed by, once all
 * were tried.
 */
export const releaseKnown = async (
  dataSource: DataSource,
  tools: ApplyTools,
  onApplied: (events: readonly EventEnvelope[]) => void,
): Promise<number> => {
  let released = 0;
  const failed = new Map<string, unknown>();
  for (let letters = [{ id: '' }]; letters.length > 0;) {
    letters = await rowsOf<{ id: string }>(
      dataSource,
      `SELECT id FROM dead_letter WHERE awaits_version AND state = 'open' AND type = ANY ($1) AND id <> ALL ($2)
        ORDER BY origin, epoch, sequence LIMIT $3`,
      [(tools.versions ?? eventVersions).names, [...failed.keys()], releasedAtOnceMax],
    );
    for (const { id } of letters) {
      try {
        const applied = await inTransaction(dataSource, async (tx) => release(tx, tools, id));
        onApplied(applied);
        released += applied.length;
      } catch (error) {
        failed.set(id, error);
      }
    }
  }
  const [failure] = failed.values();
  if (failure !== undefined) throw failure;
  return released;
};

const release = async (tx: Tx, tools: ApplyTools, id: string): Promise<readonly EventEnvelope[]> => {
  // A replica beside this one may have settled it since it was looked for.
  const [letter] = await rowsOf(tx, `SELECT 1 FROM dead_letter WHERE id = $1 AND state = 'open' AND awaits_version FOR UPDATE`, [id]);
  if (!letter) return [];
  await tx.query('UPDATE dead_letter SET awaits_version = false WHERE id = $1', [id]);
  const context = systemContext(tools.region, 'replication', newId());
  return (await replayDeadLetter(tx, context, tools, id, false)).applied;
};
