import type { KnownLog } from '@lapidary/contracts/recovery-protocol';
import { inTransaction } from '@lapidary/db/transaction';
import { toAppError } from '@lapidary/kernel/app-error';
import { isTooOld, mayVouch } from '@lapidary/replication/recovery/judge-log';
import type { RecoveryEvent, RecoveryState } from '@lapidary/replication/recovery/recovery-states';
import { trustTokens } from '../auth/held-credentials.js';
import { objectToOwed } from '../collections/owed-objections.js';
import { PostgresCollections } from '../collections/postgres-collections.js';
import { doubtLog, noticeSetBack } from '../fence/notice-set-back.js';
import { moveRecovery, readRecovery, recoveryContext } from '../fence/recovery-rows.js';
import { readOrigin } from '../outbox/outbox-rows.js';
import { askLog, reconcilePeer, type RecoveryTools } from './reconcile-peer.js';
import { noteHeard, noteProblem, noteReconciled, readProgress } from './recovery-progress.js';
import { forgetRecovery, openRegion, retellFound } from './retell-found.js';

/**
 * One round of what a restored region does (recovery-states.ts): asks every region that it has not reconciled with, and moves on where all of
 * them are. Each part may be done again, so a process that dies at any point is followed by the next one. Returns the state reached.
 */
export const stepRecovery = async (tools: RecoveryTools): Promise<RecoveryState> => {
  const { state } = await readRecovery(tools.dataSource);
  switch (state) {
    case 'sound':
    case 'too-old':
      return state;
    case 'suspected':
      return await askEveryone(tools, vouched, 'vouch');
    case 'reconciling':
      return await askEveryone(tools, reconciled, 'reconcile');
    case 'retelling':
      await retellFound(tools);
      await openRegion(tools, (await readRecovery(tools.dataSource)).without);
      return (await readRecovery(tools.dataSource)).state;
    case 'holding':
      return await askEveryone(tools, reconciled, 'hear-all');
  }
};

/** What a peer said of this region's log; `mayVouch`: its word that it knows no more counts. */
interface Heard {
  readonly peer: string;
  readonly known: KnownLog;
  readonly mayVouch: boolean;
}
type Asked = (tools: RecoveryTools, heard: Heard) => Promise<boolean>;

/** B5: every other region, however long it can't be reached; each is tried, whatever became of those before it. */
const askEveryone = async (tools: RecoveryTools, asked: Asked, then: RecoveryEvent): Promise<RecoveryState> => {
  const { dataSource, region, peers, clock, logger } = tools;
  const before = await readRecovery(dataSource);
  let open = 0;
  for (const peer of peers) {
    if ((await readProgress(dataSource)).get(peer)?.isReconciled === true) continue;
    try {
      const known = await askLog(tools, peer);
      const heard = { peer, known, mayVouch: vouches(known, before.peerEpochs[peer]) };
      await noteHeard(dataSource, peer, known, !heard.mayVouch);
      if (!(await asked(tools, heard))) open++;
    } catch (error) {
      open++;
      const { message } = toAppError(error);
      logger.debug({ err: error, peer }, 'not reconciled yet');
      await noteProblem(dataSource, peer, message);
    }
    // What a peer said may have led elsewhere: another one is not asked under what does not hold any more.
    const { state } = await readRecovery(dataSource);
    if (state !== before.state) return state;
  }
  if (open > 0) return before.state;
  if (then === 'hear-all') await retellFound(tools);
  return await inTransaction(dataSource, async (tx) => {
    const { state } = await readRecovery(tx, { lock: true });
    if (state !== before.state) return state;
    if (then !== 'reconcile') await forgetRecovery(tx);
    // Nothing was lost: it was moved, not restored.
    if (then === 'vouch') await trustTokens(tx, recoveryContext(region));
    const now = await moveRecovery(tx, recoveryContext(region), state, then);
    if (then === 'vouch') await objectToOwed(tx, new PostgresCollections(tx, clock, recoveryContext(region)), { region, clock });
    return now;
  });
};

const vouches = ({ fenced, setBack, own }: KnownLog, epochThen: number | undefined): boolean =>
  mayVouch({ isFenced: fenced ?? setBack, epoch: own.epoch }, epochThen ?? null);

/** Whether a peer knows no more of the log than there is; one that does not know this epoch can't tell. */
const vouched: Asked = async ({ dataSource }, heard) => {
  const { peer, known } = heard;
  const origin = await readOrigin(dataSource);
  if (await noticeSetBack(dataSource, peer, known, origin)) return false;
  if (known.epoch !== 0 && known.epoch < origin.epoch) return false;
  if (!heard.mayVouch) {
    await doubtLog(dataSource, peer);
    return false;
  }
  await noteReconciled(dataSource, peer);
  return true;
};

const reconciled: Asked = async (tools, { peer, known }) => {
  const { dataSource, region, tombstoneDays } = tools;
  const { state, backupAt } = await readRecovery(dataSource);
  const others = [...(await readProgress(dataSource)).values()].flatMap((p) => p.tombstoneDays ?? []);
  if (state === 'reconciling' && backupAt && isTooOld(backupAt.getTime(), Date.now(), tombstoneDays, others)) {
    await inTransaction(dataSource, async (tx) => {
      const now = await readRecovery(tx, { lock: true });
      if (now.state === 'reconciling')
        await moveRecovery(tx, recoveryContext(region), now.state, 'expire', { backupAt, tombstoneDays, others });
    });
    if ((await readRecovery(dataSource)).state !== 'reconciling') return false;
  }
  return await reconcilePeer(tools, peer, known);
};
