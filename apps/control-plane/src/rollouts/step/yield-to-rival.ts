import type { RolloutObservations } from '../rollout-state.js';
import type { Draft } from './draft.js';

/**
 * Two regions may begin a roll-out at the same moment, since neither can know of the other's before its event arrives. The one that
 * was begun first goes on, by the time in its id and then by region, so that both sides come to the same; the other takes back what it
 * has changed and lets go of it. Until they have heard of each other, each stamp is held by one of them only.
 */
export const yieldToRival = (draft: Draft, { rivals }: RolloutObservations): void => {
  const { state } = draft;
  if (state.status !== 'running' && state.status !== 'paused') return;
  const first = rivals.filter((id) => isBefore(id, state.id)).sort((a, b) => (isBefore(a, b) ? -1 : 1))[0];
  if (first === undefined) return;
  draft.moveRollout('yield', `roll-out ${first} was begun first; begin again when it has ended`);
  draft.say('error', `gives way to roll-out ${first}, which another region had begun first`);
};

/** `<region>.<ULID>`: the ULID begins with its time. */
const isBefore = (a: string, b: string): boolean => {
  const [[regionA = '', ulidA = ''], [regionB = '', ulidB = '']] = [a.split('.'), b.split('.')];
  return ulidA === ulidB ? regionA < regionB : ulidA < ulidB;
};
