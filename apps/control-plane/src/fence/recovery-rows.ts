import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import { nextState } from '@lapidary/kernel/transition-table';
import { isFenced, recoveryTable, type RecoveryEvent, type RecoveryState } from '@lapidary/replication/recovery/recovery-states';
import { recordAudit } from '../audit/record-audit.js';
import { systemContext, type CommandContext } from '../http/command-context.js';

/** Why a region is fenced: who knows what of its log. */
export interface Evidence {
  /** Another region, `stream` (its own event stream), or `database` (what it runs on has changed). */
  readonly from: string;
  readonly epoch: number;
  readonly sequence: number;
  /** Whether another event is at one of its places, beside more of them than there are here. */
  readonly forked?: boolean | undefined;
  /** It was restored itself, and can't vouch for a log that it may have known more of (judge-log.ts). */
  readonly restored?: boolean | undefined;
}

export interface Recovery {
  readonly state: RecoveryState;
  readonly since: Date;
  readonly beganAt: Date | null;
  readonly evidence: readonly Evidence[];
  readonly backupAt: Date | null;
  readonly hlcFloor: string | null;
  /** Regions that an operator opened it without. */
  readonly without: readonly string[];
  /** Under which epochs it knew the others when it was restored. */
  readonly peerEpochs: Readonly<Record<string, number>>;
  /** The others have given this region up as lost for good (RG7). */
  readonly givenUp: boolean;
}

/** Of what many say again and again, this much is kept. */
const evidenceMax = 16;

/** Where this region's log stands; the row is there since the migration. `lock`: until the end of the transaction. */
export const readRecovery = async (db: Reader, options?: { readonly lock: boolean }): Promise<Recovery> => {
  const [row] = await rowsOf<Recovery>(
    db,
    `SELECT state, since, began_at AS "beganAt", evidence, backup_at AS "backupAt", hlc_floor AS "hlcFloor", without, peer_epochs AS "peerEpochs", given_up AS "givenUp" FROM recovery${
      options?.lock === true ? ' FOR UPDATE' : ''
    }`,
  );
  if (!row) throw new Error('the recovery row is missing');
  return row;
};

/** Whether nothing is recorded here, and nothing of what this database says of its own is to be told to routers and stamps. */
export const isRegionFenced = async (db: Reader): Promise<boolean> => {
  const { state, givenUp } = await readRecovery(db);
  return givenUp || isFenced(state);
};

/** What recovery itself tells, and what follows from other regions' facts (B1): until the end of the transaction. */
export const passFence = async (tx: Tx): Promise<void> => {
  await tx.query(`SELECT set_config('lapidary.recovering', 'on', true)`);
};

/** Moves on by the table, with its audit row (I10). */
export const moveRecovery = async (
  tx: Tx,
  context: CommandContext,
  from: RecoveryState,
  event: RecoveryEvent,
  what: Record<string, unknown> = {},
): Promise<RecoveryState> => {
  const to = nextState(recoveryTable, from, event);
  await tx.query(
    `UPDATE recovery SET state = $1, since = clock_timestamp(), began_at = CASE WHEN $2 THEN NULL ELSE coalesce(began_at, clock_timestamp()) END`,
    [to, to === 'sound'],
  );
  await recordAudit(tx, context, `recovery.${event}`, `region/${context.region}`, { from, to, ...what });
  return to;
};

/** Who notices is not a person. */
export const recoveryContext = (region: string): CommandContext => systemContext(region, 'recovery', newId());

/** Adds to what is known, once for each source; true where it is new. */
export const addEvidence = async (tx: Tx, known: readonly Evidence[], evidence: Evidence): Promise<boolean> => {
  const before = known.find((e) => e.from === evidence.from);
  if (before && before.epoch === evidence.epoch && before.sequence === evidence.sequence && before.forked === evidence.forked) return false;
  const next = [...known.filter((e) => e.from !== evidence.from), evidence].slice(-evidenceMax);
  await tx.query('UPDATE recovery SET evidence = $1::jsonb', [JSON.stringify(next)]);
  return true;
};
