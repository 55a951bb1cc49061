import { newMember, type FleetStamp, type MemberState, type RolloutObservations, type WaveState } from '../rollout-state.js';
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
  const known = new Map(draft.state.members.map((m) => [m.stamp, m]));
  for (const stamp of fleet) {
    const member = known.get(stamp.name);
    if (!member) join(draft, stamp);
    else if (member.status === 'dropped') rejoin(draft, member, stamp);
  }
};

/** The wave that a stamp goes with that was not there when the waves were planned; undefined: none is left for it. */
const waveFor = ({ state, current }: Draft, stamp: FleetStamp): WaveState | undefined => {
  const planned = state.waves.filter((w) => w.ring === stamp.ring);
  if (stamp.status !== 'active' || !state.regions.includes(stamp.region) || planned.length === 0) return undefined;
  const wave = planned.find((w) => !doneWaveStatuses.includes(w.status)) ?? current;
  return wave?.status === 'failed' ? undefined : wave;
};

const join = (draft: Draft, stamp: FleetStamp): void => {
  const { state } = draft;
  const wave = waveFor(draft, stamp);
  if (!wave) return;
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

/** Its retiring was cancelled. The number of its attempts goes on: it is part of the keys under which its region was asked (I8). */
const rejoin = (draft: Draft, member: MemberState, stamp: FleetStamp): void => {
  const wave = waveFor(draft, stamp);
  if (!wave) return;
  const isThere = stamp.version === draft.state.target;
  const fromVersion = isThere ? (member.fromVersion ?? draft.state.base) : stamp.version;
  const { attempt, held } = member;
  draft.moveMember(member, 'rejoin', null);
  Object.assign(member, newMember(stamp.name, stamp.region, wave.position, fromVersion), { attempt, held });
  if (isThere) {
    draft.moveMember(member, 'join', 'stayed in the fleet, at the target');
    member.changedAtMs = draft.nowMs;
  }
  draft.say('info', `is not retired after all; ${isThere ? 'watched' : 'changed'} with this wave`, { member });
};
