import { memberStatuses, openRolloutStatuses, RolloutPolicySchema, waveStatuses } from '@lapidary/contracts/api/rollouts';
import { effectsOf } from './effects.js';
import { abandon } from './honour-given-up.js';
import { newMember, type RolloutState } from './rollout-state.js';
import { busyMemberStatuses, doneWaveStatuses, type RolloutStatus } from './rollout-states.js';

/** With a wave and a stamp in each state there is, whether they go together or not. */
const stateOf = (status: RolloutStatus): RolloutState => ({
  ...{ id: 'us.01K0000000000000000000000A', status, statusReason: null, kind: 'workload', target: '2', base: '1', regions: ['us'] },
  policy: RolloutPolicySchema.parse({}),
  resumedAtMs: 0,
  waves: waveStatuses.map((wave, i) => ({
    ...{ position: i + 1, name: `w${i}`, ring: 'broad', approval: false, status: wave, approvedBy: null, startedAtMs: null },
    ...{ soakingSinceMs: null, finishedAtMs: null, failingSinceMs: null, checks: [], verdict: null },
  })),
  members: memberStatuses.map((member, i) => ({ ...newMember(`us-${i}`, 'us', 1, '1'), status: member, held: member !== 'waiting' })),
});

test.each(openRolloutStatuses as RolloutStatus[])(
  'GU6: one that is %s when it hears that it was given up ends, asks for nothing any more, and lets go of every stamp',
  (status) => {
    const { state, lines } = abandon(stateOf(status), { by: 'token:ann', region: 'eu', reason: 'flood' }, 7);
    expect(state.status).toBe('aborted');
    expect(state.statusReason).toBe('given up by token:ann in region eu, which could not hear this one: flood');
    expect(lines).toHaveLength(1);
    expect(state.waves.filter((w) => !doneWaveStatuses.includes(w.status))).toEqual([]);
    expect(state.members.filter((m) => busyMemberStatuses.includes(m.status))).toEqual([]);
    expect(effectsOf(state).map((e) => [e.kind, e.stamp])).toEqual(state.members.filter((m) => m.held).map((m) => ['release', m.stamp]));
    expect(() => abandon(state, { by: 'x', region: 'eu', reason: null }, 8)).toThrow('is not possible while the roll-out is aborted');
  },
);
