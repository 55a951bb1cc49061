import type { memberStatuses, rolloutStatuses, waveStatuses } from '@lapidary/contracts/api/rollouts';
import { checkTransitions, type TransitionTable } from '@lapidary/kernel/transition-table';

/**
 * P-ST8 as data. What these tables and the step function beside them keep:
 *
 *     - no stamp is changed before every wave before its own has passed;
 *     - a wave passes once, on a verdict that is kept; a wave that fails is taken back, with no person needed, and no
 *       later wave starts;
 *     - stamps of waves that passed, and stamps not reached yet, are not touched by the failure of another wave;
 *     - I8: every move is one transaction; what is asked of a stamp is asked under a key that follows from the move, so
 *       that a successor which asks again gets the first answer;
 *     - a stamp is held for new tenants while it is changed and watched, beside a person's cordon and never instead of it.
 */
export type RolloutStatus = (typeof rolloutStatuses)[number];
export type WaveStatus = (typeof waveStatuses)[number];
export type MemberStatus = (typeof memberStatuses)[number];

export type RolloutEventName = 'pause' | 'resume' | 'halt' | 'abort' | 'rollback' | 'yield' | 'complete' | 'settle' | 'give_up';

export const rolloutTable: TransitionTable<RolloutStatus, RolloutEventName> = {
  name: 'roll-out',
  initial: 'running',
  states: {
    running: 'goes on by itself, wave by wave',
    paused: 'changes no further stamp; what is changed stays watched, and a wave that fails still halts it',
    halting: 'a wave failed: its stamps are being taken back',
    halted: 'the failed wave is taken back; waves that passed keep the target',
    aborting: 'asked to end: jobs under way are waited for',
    aborted: 'ended on request; each stamp keeps what it has',
    rolling_back: 'every changed stamp is being taken back',
    rolled_back: 'every changed stamp is back, or needs a person',
    completed: 'every wave passed',
  },
  transitions: [
    { from: ['running'], event: 'pause', to: 'paused', why: 'somebody asked, or only a person can judge' },
    { from: ['paused'], event: 'resume', to: 'running', why: 'somebody asked' },
    { from: ['running', 'paused'], event: 'halt', to: 'halting', why: 'a wave failed' },
    { from: ['halting'], event: 'settle', to: 'halted', why: 'every stamp of the failed wave is back, or needs a person' },
    { from: ['running', 'paused', 'rolling_back'], event: 'abort', to: 'aborting', why: 'somebody asked' },
    { from: ['aborting'], event: 'settle', to: 'aborted', why: 'no job is under way any more' },
    {
      from: ['running', 'paused', 'halted', 'aborted', 'completed', 'rolled_back'],
      event: 'rollback',
      to: 'rolling_back',
      why: 'somebody asked',
    },
    {
      from: ['running', 'paused'],
      event: 'yield',
      to: 'rolling_back',
      why: 'another region had begun a roll-out first, and neither knew of the other',
    },
    { from: ['rolling_back'], event: 'settle', to: 'rolled_back', why: 'every changed stamp is back, or needs a person' },
    {
      from: ['running', 'paused', 'halting', 'aborting', 'rolling_back'],
      event: 'give_up',
      to: 'aborted',
      why: 'somebody gave it up in another region, which could not hear this one',
    },
    { from: ['running'], event: 'complete', to: 'completed', why: 'the last wave passed' },
  ],
};

export type WaveEventName = 'ask' | 'start' | 'soak' | 'pass' | 'fail' | 'revert' | 'skip' | 'leave';

export const waveTable: TransitionTable<WaveStatus, WaveEventName> = {
  name: 'roll-out wave',
  initial: 'pending',
  states: {
    pending: 'its turn has not come',
    awaiting: 'waits for somebody’s approval',
    changing: 'its stamps are being changed, a few at a time',
    soaking: 'all of them are changed and watched',
    passed: 'its verdict is kept; its stamps keep the target',
    failed: 'its stamps are being taken back',
    reverted: 'its stamps are back, or need a person',
    skipped: 'had no stamps to change, or the roll-out ended before it was through',
  },
  transitions: [
    { from: ['pending'], event: 'ask', to: 'awaiting', why: 'its turn has come, and its plan asks for an approval' },
    {
      from: ['pending', 'awaiting'],
      event: 'start',
      to: 'changing',
      why: 'the waves before it passed, and every region can read the events',
    },
    { from: ['changing'], event: 'soak', to: 'soaking', why: 'no stamp of it waits or is being changed' },
    { from: ['soaking'], event: 'pass', to: 'passed', why: 'every check passed over the soak time, or a person accepted it' },
    {
      from: ['changing', 'soaking'],
      event: 'fail',
      to: 'failed',
      why: 'more stamps failed than the budget allows, or the wave as a whole is worse',
    },
    {
      from: ['changing', 'soaking', 'passed', 'failed'],
      event: 'revert',
      to: 'reverted',
      why: 'none of its stamps has the target any more',
    },
    { from: ['changing', 'soaking', 'failed'], event: 'leave', to: 'skipped', why: 'the roll-out was given up by another region' },
    { from: ['pending', 'awaiting'], event: 'skip', to: 'skipped', why: 'nothing to change, or the roll-out has ended' },
  ],
};

export type MemberEventName =
  | 'begin'
  | 'arrive'
  | 'join'
  | 'pass'
  | 'fail'
  | 'revert'
  | 'again'
  | 'return'
  | 'give_up'
  | 'skip'
  | 'drop'
  | 'rejoin';

export const memberTable: TransitionTable<MemberStatus, MemberEventName> = {
  name: 'stamp in a roll-out',
  initial: 'waiting',
  states: {
    waiting: 'untouched; part of the control group',
    changing: 'held for new tenants; its job runs',
    soaking: 'has the target and is watched',
    passed: 'its wave passed; no longer held',
    failed: 'its job failed, or it is worse than the control group',
    reverting: 'being taken back to what it had',
    reverted: 'has what it had before; no longer held',
    stuck: 'could not be taken back; stays held until a person has looked',
    skipped: 'had the target at the start',
    dropped: 'left the fleet, or was let go with a roll-out that was given up',
  },
  transitions: [
    { from: ['waiting'], event: 'begin', to: 'changing', why: 'its wave is on and there is a free place' },
    { from: ['changing'], event: 'arrive', to: 'soaking', why: 'its job succeeded' },
    { from: ['waiting'], event: 'join', to: 'soaking', why: 'came into the fleet during the roll-out, built at the target' },
    { from: ['soaking'], event: 'pass', to: 'passed', why: 'its wave passed' },
    { from: ['changing', 'soaking'], event: 'fail', to: 'failed', why: 'its job failed, or a check of it did' },
    {
      from: ['changing', 'soaking', 'passed', 'failed', 'stuck'],
      event: 'revert',
      to: 'reverting',
      why: 'it failed, its wave failed, or somebody rolled back',
    },
    { from: ['reverting'], event: 'again', to: 'reverting', why: 'the job that takes it back failed, and may be tried again' },
    { from: ['reverting'], event: 'return', to: 'reverted', why: 'its job succeeded' },
    { from: ['reverting'], event: 'give_up', to: 'stuck', why: 'the job failed too often, or there is no way back' },
    { from: ['waiting'], event: 'skip', to: 'skipped', why: 'it has the target already' },
    {
      from: ['waiting', 'changing', 'soaking', 'failed', 'reverting', 'stuck'],
      event: 'drop',
      to: 'dropped',
      why: 'it is being retired, or is gone, or its roll-out was given up',
    },
    { from: ['dropped'], event: 'rejoin', to: 'waiting', why: 'its retiring was cancelled: it serves again' },
  ],
};

checkTransitions(rolloutTable);
checkTransitions(waveTable);
checkTransitions(memberTable);

/** States in which a wave's stamps are changed or watched. */
export const activeWaveStatuses: readonly WaveStatus[] = ['changing', 'soaking'];
/** A wave in one of these is over, for good or ill. */
export const doneWaveStatuses: readonly WaveStatus[] = ['passed', 'reverted', 'skipped'];
/** Something is asked of the stamp's region and not answered to the end. */
export const busyMemberStatuses: readonly MemberStatus[] = ['changing', 'reverting'];
/** Has the target, or may have it. */
export const touchedMemberStatuses: readonly MemberStatus[] = ['changing', 'soaking', 'passed', 'failed', 'reverting', 'stuck'];
/** Placement has nothing to fear of the roll-out here: whatever hold there was is lifted. */
export const releasedMemberStatuses: readonly MemberStatus[] = ['passed', 'reverted', 'dropped'];
