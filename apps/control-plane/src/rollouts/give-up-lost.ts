import { pageLimitMax } from '@lapidary/contracts/api/common';
import { rolloutsPath } from '@lapidary/contracts/api/paths';
import { openRolloutStatuses, RolloutPageSchema, type RolloutView } from '@lapidary/contracts/api/rollouts';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { recordAudit } from '../audit/record-audit.js';
import type { CommandContext } from '../http/command-context.js';
import { announce } from './change-rollout.js';
import type { RegionApi } from './region-api.js';
import { appendLines, insertRollout, saveRollout } from './rollout-rows.js';
import { newMember, type MemberState, type RolloutState, type WaveState } from './rollout-state.js';
import { doneWaveStatuses } from './rollout-states.js';

/**
 * A roll-out of this region that it doesn't know any more, as the peer with the newest copy has it: the region was restored from a backup of
 * before. Null where nobody has one, or where it had ended and so holds nothing.
 */
export const lostRollout = async (api: Pick<RegionApi, 'ask'>, peers: readonly string[], id: string): Promise<RolloutView | null> => {
  // A region shows a single roll-out only where it is its own; its list has its copies of the others' too, the newest first.
  const path = `${rolloutsPath}?limit=${pageLimitMax}`;
  const asked = peers.map((region) => api.ask(region, { rollout: id, method: 'GET', path, answer: RolloutPageSchema }));
  const told = (await Promise.allSettled(asked)).flatMap((answer) =>
    answer.status === 'fulfilled' ? answer.value.items.filter((r) => r.id === id) : [],
  );
  const newest = told.sort((a, b) => b.version - a.version)[0];
  return newest && openRolloutStatuses.includes(newest.status) ? newest : null;
};

/** Whatever became of it, it may be held, and is let go: there is nobody left who would bring it on or take it back. */
const memberOf = (
  view: RolloutView,
  { stamp, region, wave, status, fromVersion, job, message }: RolloutView['stamps'][number],
): MemberState => {
  const position = Math.max(1, view.waves.findIndex((w) => w.name === wave) + 1);
  const untouched = status === 'waiting' || status === 'skipped';
  const member = newMember(stamp, region, position, fromVersion);
  return untouched
    ? { ...member, status, message }
    : { ...member, status: status === 'reverted' ? status : 'dropped', job, held: true, message };
};

const waveOf = (wave: RolloutView['waves'][number], index: number): WaveState => ({
  position: index + 1,
  name: wave.name,
  ring: wave.ring,
  approval: wave.approval,
  status: doneWaveStatuses.includes(wave.status) ? wave.status : 'skipped',
  approvedBy: wave.approvedBy,
  startedAtMs: wave.startedAt === null ? null : Date.parse(wave.startedAt),
  soakingSinceMs: null,
  finishedAtMs: null,
  failingSinceMs: null,
  checks: wave.checks,
  verdict: wave.verdict,
});

/** Ends it: its holds are lifted in every region, and the others learn that it is over, so that another one may begin. */
export const giveUpLost = async (tx: Tx, context: CommandContext, clock: HybridLogicalClock, view: RolloutView): Promise<RolloutView> => {
  if (view.region !== context.region) throw new AppError('not_found', `There is no roll-out ${view.id}`);
  const because = context.reason === null ? '' : `: ${context.reason}`;
  const statusReason = `lost with what this region held before it was restored; given up by ${context.actor}${because}`;
  const { id, kind, target, base, regions, policy } = view;
  const state: RolloutState = {
    ...{ id, kind, target, base, regions, policy, statusReason, status: 'aborted', resumedAtMs: Date.now() },
    waves: view.waves.map(waveOf),
    members: view.stamps.map((stamp) => memberOf(view, stamp)),
  };
  await insertRollout(tx, state, { region: view.region, reason: view.reason, requestedBy: view.requestedBy, requestId: context.requestId });
  await saveRollout(tx, state, state, true);
  await appendLines(tx, id, [{ level: 'warning', wave: null, stamp: null, message: statusReason }]);
  await recordAudit(tx, context, 'rollout.abort', `rollout/${id}`, { status: { before: view.status, after: state.status }, lost: true });
  return await announce(tx, context, clock, id);
};
