import type { Position } from '../version-vector.js';

/** What somebody else says of a region's log: how far it knows it, and what it took in last. */
export interface KnownOfLog extends Position {
  /** The last event of that epoch that it took in; absent where it does not say. */
  readonly last?: { readonly sequence: number; readonly event: string } | undefined;
}

export type LogVerdict =
  /** The log reaches as far as anybody knows. */
  | 'covers'
  /** It is told under a newer epoch than they know: they will read it anew. */
  | 'newer'
  /** They know places that the log does not have: its database was set back. */
  | 'behind'
  /** They hold another event at a place of the log: it was set back, and written on. */
  | 'forked';

/**
 * Judges a region's log, as its database has it, by what another region knows of it (B2).
 *
 * `own`: epoch and last sequence of the log. `eventAt`: the event at the place that `known.last` names; null where the log has
 * none there any more, as retention takes out what is superseded.
 */
export const judgeLog = (own: Position, known: KnownOfLog, eventAt: string | null): LogVerdict => {
  if (known.epoch > own.epoch) return 'behind';
  if (known.epoch < own.epoch) return 'newer';
  if (known.sequence > own.sequence) return 'behind';
  return known.last && eventAt !== null && eventAt !== known.last.event ? 'forked' : 'covers';
};

/**
 * Whether a backup may come back with what it holds: whatever was deleted after it was made is still known as deleted in every region.
 * A region purges a tombstone only after `tombstoneDays`, and no delete that the backup lacks is older than the backup.
 *
 * `daysOfOthers`: how long each region that was heard keeps tombstones.
 */
export const isTooOld = (backupAtMs: number, nowMs: number, tombstoneDays: number, daysOfOthers: readonly number[]): boolean =>
  nowMs - backupAtMs >= Math.min(tombstoneDays, ...daysOfOthers) * 86_400_000;

/**
 * Whether a region's word that it knows no more of a log than there is counts: it may have known more, and have forgotten it with its own restore.
 *
 *   who answers                                                  | vouches
 *   -------------------------------------------------------------|------------------------------------------------------------
 *   a region that is fenced, for whatever reason                 | no: nobody has vouched for it either
 *   one that has begun an epoch since the asking one's backup    | no: it was restored after that, to before or after what is asked
 *   any other                                                    | yes: what it has taken in since then it still has
 *
 * Where one does not, the log counts as set back: it is told anew under the next epoch, which is right whatever was lost (B2, B4).
 * `epochThen`: of the answering region, as the asking one's database knew it when it was restored; null: it did not know it.
 */
export const mayVouch = (answering: { readonly isFenced: boolean; readonly epoch: number }, epochThen: number | null): boolean =>
  !answering.isFenced && answering.epoch <= (epochThen ?? 1);
