import fc from 'fast-check';
import { isAppError } from '@lapidary/kernel/app-error';
import { rolloutVerbs } from '@lapidary/contracts/api/rollouts';
import type { RolloutState } from '../rollout-state.js';
import { before, good, randomOf, run, SimulatedFleet, target } from '../testing/simulated-fleet.js';
import { applyVerb } from '../verbs.js';
import { step } from './step.js';

const closed = ['halted', 'aborted', 'rolled_back', 'completed'];
const ended = (s: RolloutState): boolean =>
  closed.includes(s.status) && s.members.every((m) => !m.held || ['stuck', 'failed'].includes(m.status));

const invariants = (fleet: SimulatedFleet, state: RolloutState): void => {
  const open = [...fleet.jobs.values()].filter((j) => j.status === 'running').map((j) => j.stamp);
  expect(new Set(open).size).toBe(open.length);
  const touchedByJobs = new Set([...fleet.jobs.values()].map((j) => j.stamp));
  for (const m of state.members) if (m.status === 'waiting' || m.status === 'skipped') expect(touchedByJobs.has(m.stamp)).toBe(false);
  for (const w of state.waves) if (w.status === 'passed') expect(w.verdict?.outcome).toMatch(/passed|accepted/);
  if (state.waves.some((w) => w.status === 'failed'))
    expect(['halting', 'rolling_back', 'rolled_back', 'aborting', 'aborted']).toContain(state.status);
};

test('whatever is lost, doubled or told by people, the rules hold and the roll-out comes to an end with nobody held (I8, P-ST8)', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const random = randomOf(seed);
      const fleet = SimulatedFleet.ofTwelve(seed);
      const badIn = new Set([...fleet.stamps.keys()].filter(() => random() < 0.1));
      fleet.behaviour = (s, v) => ({ ...good, requestsPerSecond: 10, errorShare: v === target && badIn.has(s) ? 0.3 : good.errorShare });
      fleet.jobOutcome = () => (random() < 0.05 ? 'failed' : 'succeeded');
      let state = fleet.start({ soakSeconds: 20, requestsMin: 100, patienceSeconds: 60, failuresMax: Math.floor(random() * 3) });
      for (let i = 0; i < 250 && !ended(state); i++) {
        fleet.second();
        if (random() < 0.02) fleet.cutOff.add(random() < 0.5 ? 'eu' : 'us');
        if (random() < 0.1) fleet.cutOff.clear();
        if (random() < 0.01) fleet.add(`eu-${20 + i}`, 'broad', random() < 0.5 ? target : before);
        if (random() < 0.02) state = tell(state, rolloutVerbs[Math.floor(random() * 3)]!, fleet.nowMs);
        // Killed after it asked and before it wrote down the answers.
        if (random() < 0.1) fleet.carryOut(state);
        else state = fleet.tick(state);
        invariants(fleet, state);
      }
      fleet.cutOff.clear();
      fleet.jobOutcome = () => 'succeeded';
      if (state.status === 'paused') state = tell(state, random() < 0.5 ? 'resume' : 'abort', fleet.nowMs);
      if (state.status === 'running' && random() < 0.3) state = tell(state, 'rollback', fleet.nowMs);
      state = run(fleet, state, (s) => ended(s) || s.status === 'paused' || s.waves.some((w) => w.status === 'awaiting'));
      if (state.status === 'paused') state = run(fleet, tell(state, 'abort', fleet.nowMs), ended);
      invariants(fleet, state);
      expect(closed).toContain(state.status);
      const held = fleet.fleet.filter((s) => s.heldBy !== null).map((s) => s.name);
      expect(held).toEqual(state.members.filter((m) => m.held).map((m) => m.stamp));
      for (const m of state.members.filter((x) => x.status === 'passed')) expect(fleet.stamps.get(m.stamp)!.version).toBe(target);
      for (const m of state.members.filter((x) => x.status === 'reverted')) expect(fleet.stamps.get(m.stamp)!.version).toBe(before);
    }),
    { numRuns: 12 },
  );
});

const tell = (state: RolloutState, verb: (typeof rolloutVerbs)[number], nowMs: number): RolloutState => {
  try {
    return applyVerb(state, verb, 'token:chaos', null, nowMs).state;
  } catch (error) {
    if (isAppError(error) && error.code === 'illegal_transition') return state;
    throw error;
  }
};

test('a step that is made twice on the same picture is a step made once', () => {
  const fleet = SimulatedFleet.ofTwelve();
  let state = fleet.start({ soakSeconds: 20, requestsMin: 100 });
  for (let i = 0; i < 60; i++) {
    fleet.second();
    fleet.carryOut(state);
    const seen = fleet.observe(state);
    const once = step(state, seen, fleet.nowMs).state;
    const twice = step(once, { ...seen, accepted: new Map() }, fleet.nowMs).state;
    // Each step may begin what the one before made possible, and nothing of it is undone or done again.
    for (const m of once.members)
      expect(twice.members.find((x) => x.stamp === m.stamp)!.attempt - m.attempt).toBeLessThanOrEqual(m.status === 'waiting' ? 1 : 0);
    state = fleet.tick(state);
  }
});

test('where versions do not differ, chance halts almost none: none of 20 roll-outs, each judged every other second', () => {
  let halted = 0;
  for (let seed = 0; seed < 20; seed++) {
    const fleet = SimulatedFleet.ofTwelve(seed * 7_919);
    fleet.behaviour = () => ({ ...good, errorShare: 0.02, requestsPerSecond: 12 });
    const end = run(fleet, fleet.start({ soakSeconds: 30, requestsMin: 100, confirmSeconds: 5 }), ended, 600);
    if (end.status !== 'completed') halted += 1;
  }
  expect(halted).toBe(0);
});
