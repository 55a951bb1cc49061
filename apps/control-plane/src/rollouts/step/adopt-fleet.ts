import { newMember, type FleetStamp, type RolloutObservations } from '../rollout-state.js';
import { doneWaveStatuses } from '../rollout-states.js';
import type { Draft } from './draft.js';

/** What is being retired is not worth changing, and would refuse it. */
const leaving: readonly string[] = ['retiring', 'retired'];
const droppable: readonly string[] = ['waiting', 'changing', 'soaking', 'failed', 'reverting', 'stuck'];

/** The fleet changes while it is rolled over: retired stamps drop out, new ones join, at the target if they were built at it. */
export const adoptFleet = (draft: Draft, { fleet }: RolloutObservations): void => {
  if (!fleet) return;
  const byName = new Map(fleet.map((s) => [s.name, s]));
  for (const member of draft.state.members) {
    const stamp = byName.get(member.stamp);
    if ((stamp && !leaving.includes(stamp.status)) || !droppable.includes(member.status)) continue;
    draft.moveMember(member, 'drop', 'no longer in the fleet');
    draft.say('info', 'left the fleet, and with it the roll-out', { member });
  }
  if (draft.state.status !== 'running' && draft.state.status !== 'paused') return;
  const known = new Set(draft.state.members.map((m) => m.stamp));
  for (const stamp of fleet) if (!known.has(stamp.name)) join(draft, stamp);
};

const join = (draft: Draft, stamp: FleetStamp): void => {
  const { state } = draft;
  const planned = state.waves.filter((w) => w.ring === stamp.ring);
  if (stamp.status !== 'active' || !state.regions.includes(stamp.region) || planned.length === 0) return;
  const wave = planned.find((w) => !doneWaveStatuses.includes(w.status)) ?? draft.current;
  if (!wave || wave.status === 'failed') return;
  const isThere = stamp.version === state.target;
  const member = newMember(stamp.name, stamp.region, wave.position, isThere ? state.base : stamp.version);
  state.members.push(member);
  if (isThere) {
    draft.moveMember(member, 'join', 'built at the target during the roll-out');
    member.changedAtMs = draft.nowMs;
  }
  draft.say('info', isThere ? 'new in the fleet, at the target; watched with this wave' : 'new in the fleet; changed with this wave', {
    member,
  });
};
