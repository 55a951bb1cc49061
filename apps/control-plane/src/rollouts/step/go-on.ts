import type { RolloutObservations, WaveState } from '../rollout-state.js';
import { activeWaveStatuses } from '../rollout-states.js';
import type { Draft } from './draft.js';

/** While it runs: the next wave begins, and within a wave the next stamps. */
export const goOn = (draft: Draft, seen: RolloutObservations): void => {
  for (let wave = draft.current; draft.state.status === 'running'; wave = draft.current) {
    if (!wave) return complete(draft);
    if (activeWaveStatuses.includes(wave.status)) return beginMembers(draft, wave, seen);
    if (!draft.membersOf(wave).some((m) => m.status === 'waiting' || m.status === 'soaking')) {
      draft.moveWave(wave, 'skip');
      draft.say('info', 'nothing to change', { wave });
    } else if (!beginWave(draft, wave, seen)) return;
  }
};

const complete = (draft: Draft): void => {
  draft.moveRollout('complete', null);
  draft.say('info', `every wave passed: the fleet runs ${draft.state.target}`);
};

const beginWave = (draft: Draft, wave: WaveState, { unreadable }: RolloutObservations): boolean => {
  if (wave.approval && wave.approvedBy === null) {
    if (wave.status === 'pending') {
      draft.moveWave(wave, 'ask');
      draft.say('info', 'waits for an approval', { wave });
    }
    return false;
  }
  // Not known yet: a region doesn't answer. The wave waits.
  if (unreadable === undefined) return false;
  if (unreadable.length > 0) {
    draft.moveRollout('pause', `events could not be read everywhere: ${unreadable.join('; ')}`);
    draft.say('error', `not started: events could not be read everywhere: ${unreadable.join('; ')}`, { wave });
    return false;
  }
  draft.moveWave(wave, 'start');
  const waiting = draft.membersOf(wave).filter((m) => m.status === 'waiting').length;
  draft.say('info', `starts with ${waiting} ${waiting === 1 ? 'stamp' : 'stamps'}`, { wave });
  return true;
};

const beginMembers = (draft: Draft, wave: WaveState, { fleet }: RolloutObservations): void => {
  const versions = new Map((fleet ?? []).map((s) => [s.name, s.version]));
  for (const member of draft.membersOf(wave)) {
    if (member.status !== 'waiting') continue;
    if (versions.get(member.stamp) === draft.state.target) {
      draft.moveMember(member, 'skip', 'has the target already');
      draft.say('info', 'has the target already', { member });
      continue;
    }
    if (draft.state.members.filter((m) => m.status === 'changing').length >= draft.state.policy.concurrencyMax) return;
    draft.ask(member, 'begin', null);
    draft.say('info', `being changed from ${member.fromVersion ?? 'an unknown version'} to ${draft.state.target}`, { member });
  }
};
