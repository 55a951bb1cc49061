import type { OpenRecovery, RecoveryAct } from '@lapidary/contracts/api/recovery';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { moveRecovery, readRecovery } from '../fence/recovery-rows.js';
import type { CommandContext } from '../http/command-context.js';
import { readProgress } from './recovery-progress.js';
import { skippedEpochs } from '../fence/skipped-epochs.js';

/**
 * An operator goes on without regions that can't be heard. What they alone hold is lost, but for documents, which are merged when they are heard; the
 * present word of this region holds against theirs, so its rows and epochs go beyond any that can have been given (B4). Rights of bounded
 * counters wait for them (B5).
 */
export const openWithout = async (
  tx: Tx,
  context: CommandContext,
  { without }: OpenRecovery,
  peers: readonly string[],
): Promise<RecoveryAct> => {
  const { region } = context;
  const unknown = without.filter((peer) => !peers.includes(peer));
  if (unknown.length > 0) throw new AppError('invalid_input', `Region ${region} does not know ${unknown.join(', ')}`);
  const recovery = await readRecovery(tx, { lock: true });
  const progress = await readProgress(tx);
  const heard = without.filter((peer) => progress.get(peer)?.isReconciled === true);
  if (heard.length > 0) throw new AppError('invalid_input', `What ${heard.join(', ')} holds is here already`);
  const waiting = peers.filter((peer) => !without.includes(peer) && progress.get(peer)?.isReconciled !== true);
  if (waiting.length > 0) throw new AppError('not_ready', `It also waits for ${waiting.join(', ')}`, { retryAfterSeconds: 5 });
  const lost = without.map((peer) => {
    const known = recovery.evidence.find((e) => e.from === peer);
    const how = known ? `, which knows this region’s log up to ${known.sequence} of epoch ${known.epoch}` : '';
    return `what only ${peer}${how} holds of stamps, tenants, placements and names of ${region}`;
  });
  await tx.query('UPDATE recovery SET without = $1', [without]);
  await tx.query('UPDATE stamp SET version = version + $2, epoch = epoch + $2, updated_at = now() WHERE region = $1', [
    region,
    skippedEpochs,
  ]);
  await tx.query(
    'UPDATE tenant SET version = version + $2, placement_epoch = placement_epoch + $2, updated_at = now() WHERE home_region = $1',
    [region, skippedEpochs],
  );
  await tx.query(
    `UPDATE placement p SET epoch = t.placement_epoch, decided_at = now(), serving_at = NULL FROM tenant t
      WHERE t.id = p.tenant AND t.home_region = $1 AND p.is_current`,
    [region],
  );
  await tx.query(
    `INSERT INTO recovery_found SELECT 'stamp', ARRAY[name] FROM stamp WHERE region = $1
     UNION ALL SELECT 'tenant', ARRAY[id] FROM tenant WHERE home_region = $1 ON CONFLICT DO NOTHING`,
    [region],
  );
  const state = await moveRecovery(tx, context, recovery.state, 'force', { without, lost });
  return { region, state: state as RecoveryAct['state'], lost };
};

/** An operator gives up what documents a backup holds that is older than deletes are remembered: all are fetched from the others. */
export const reseed = async (tx: Tx, context: CommandContext): Promise<RecoveryAct> => {
  const recovery = await readRecovery(tx, { lock: true });
  const state = await moveRecovery(tx, context, recovery.state, 'reseed');
  const [count] = await rowsOf<{ n: number }>(tx, 'SELECT count(*)::int AS n FROM document');
  await tx.query(
    `TRUNCATE document, change, conflict, held_change, grave, region_knowledge, own_knowledge, removal_note, known_apart, withheld_change, inbox, digest_state, digest_delta,
       recovery_peer, recovery_found, owed_objection`,
  );
  await tx.query('DELETE FROM version_vector');
  await tx.query(`DELETE FROM outbox WHERE type = 'lapidary.document.changed.v1'`);
  await tx.query('UPDATE recovery SET backup_at = NULL');
  const lost = [`what no other region holds of ${count!.n} documents`, 'the conflict ledger until now'];
  return { region: context.region, state: state as RecoveryAct['state'], lost };
};
