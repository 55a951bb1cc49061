import { applyVerb } from '../verbs.js';
import type { RolloutState } from '../rollout-state.js';
import { before, good, run, SimulatedFleet, target } from '../testing/simulated-fleet.js';

const ended = (s: RolloutState): boolean =>
  ['halted', 'aborted', 'rolled_back', 'completed'].includes(s.status) && s.members.every((m) => !m.held || m.status === 'stuck');
const waves = (s: RolloutState): Record<string, string> => Object.fromEntries(s.waves.map((w) => [w.name, w.status]));
const inWave = (s: RolloutState, name: string): string[] =>
  s.members.filter((m) => m.wave === s.waves.find((w) => w.name === name)!.position).map((m) => m.stamp);
const versions = (f: SimulatedFleet): Record<string, string> => Object.fromEntries(f.fleet.map((s) => [s.name, s.version!]));
const bad = { ...good, errorShare: 0.2 };

describe('a good version (P-ST8)', () => {
  it('reaches every stamp, wave by wave, never more at once than allowed, and leaves no stamp held', () => {
    const fleet = SimulatedFleet.ofTwelve();
    let atOnce = 0;
    const end = run(fleet, fleet.start(), (s) => {
      atOnce = Math.max(atOnce, s.members.filter((m) => m.status === 'changing').length);
      const passed = s.waves.filter((w) => w.status === 'passed').length;
      // Whoever is touched belongs to a wave that passed or to the one after it.
      for (const m of s.members) if (m.status !== 'waiting') expect(m.wave).toBeLessThanOrEqual(passed);
      return ended(s);
    });
    expect(end.status).toBe('completed');
    expect(waves(end)).toEqual({ canary: 'passed', early: 'passed', 'broad-1': 'passed', 'broad-2': 'passed' });
    expect(new Set(Object.values(versions(fleet)))).toEqual(new Set([target]));
    expect(atOnce).toBe(2);
    expect(fleet.fleet.filter((s) => s.heldBy !== null)).toEqual([]);
    for (const wave of end.waves) expect(wave.verdict).toMatchObject({ outcome: 'passed', why: 'every check passed' });
  });
});

describe('the second wave gets worse', () => {
  const halted = (behaviour: SimulatedFleet['behaviour'], policy = {}): { fleet: SimulatedFleet; end: RolloutState } => {
    const fleet = SimulatedFleet.ofTwelve();
    fleet.behaviour = behaviour;
    return { fleet, end: run(fleet, fleet.start(policy), ended) };
  };
  const early = ['eu-2', 'eu-3', 'us-2', 'us-3'];

  it.each<[string, SimulatedFleet['behaviour'], RegExp]>([
    ['by errors', (s, v) => (v === target && early.includes(s) ? bad : good), /requests fail/],
    ['by errors of one stamp only', (s, v) => (v === target && s === 'us-3' ? bad : good), /us-3/],
    ['by latency', (s, v) => (v === target && early.includes(s) ? { ...good, bucket: 8 } : good), /p95/],
    ['by health', (s, v) => (v === target && early.includes(s) ? { ...good, healthy: false } : good), /failed/],
  ])('%s: halted and taken back by itself; the first verdict is kept, and whoever was not reached is untouched', (_, behaviour, why) => {
    const { fleet, end } = halted(behaviour);
    expect(end.status).toBe('halted');
    expect(end.statusReason).toMatch(why);
    expect(waves(end)).toEqual({ canary: 'passed', early: 'reverted', 'broad-1': 'skipped', 'broad-2': 'skipped' });
    expect(end.waves[0]!.verdict).toMatchObject({ outcome: 'passed' });
    expect(end.waves[1]!.verdict).toMatchObject({ outcome: 'failed' });
    for (const [stamp, version] of Object.entries(versions(fleet)))
      expect([stamp, version]).toEqual([stamp, ['eu-1', 'us-1'].includes(stamp) ? target : before]);
    const touched = new Set([...fleet.jobs.values()].map((j) => j.stamp));
    for (const stamp of [...inWave(end, 'broad-1'), ...inWave(end, 'broad-2')]) expect(touched.has(stamp)).toBe(false);
    expect(fleet.fleet.filter((s) => s.heldBy !== null)).toEqual([]);
  });

  it('within the failure budget: the failed stamp alone is taken back, and the roll-out goes on', () => {
    const { fleet, end } = halted((s, v) => (v === target && s === 'us-3' ? bad : good), { failuresMax: 1, significance: 1e-6 });
    expect(end.status).toBe('completed');
    expect(versions(fleet)).toMatchObject({ 'us-3': before, 'eu-3': target, 'us-6': target });
  });

  it('a job that fails is a failed stamp', () => {
    const fleet = SimulatedFleet.ofTwelve();
    fleet.jobOutcome = (s, v) => (s === 'eu-2' && v === target ? 'failed' : 'succeeded');
    const end = run(fleet, fleet.start(), ended);
    expect([end.status, versions(fleet)['eu-2']]).toEqual(['halted', before]);
  });

  it('a stamp that can’t be taken back is tried three times, then left held for a person, and rollback tries again', () => {
    const fleet = SimulatedFleet.ofTwelve();
    fleet.behaviour = (s, v) => (v === target && s === 'eu-1' ? bad : good);
    fleet.jobOutcome = (s, v) => (s === 'eu-1' && v === before ? 'failed' : 'succeeded');
    let end = run(fleet, fleet.start(), ended);
    expect(end).toMatchObject({ status: 'halted' });
    expect(end.members.find((m) => m.stamp === 'eu-1')).toMatchObject({ status: 'stuck', held: true, reverts: 3 });
    expect(fleet.stamps.get('eu-1')!.heldBy).toBe(end.id);
    fleet.jobOutcome = () => 'succeeded';
    end = run(fleet, applyVerb(end, 'rollback', 'token:ops', null, fleet.nowMs).state, ended);
    expect(end.status).toBe('rolled_back');
    expect(new Set(Object.values(versions(fleet)))).toEqual(new Set([before]));
    expect(fleet.stamps.get('eu-1')!.heldBy).toBeNull();
  });
});

describe('the control group gets worse too', () => {
  it.each<[string, Partial<typeof good>]>([
    ['by errors', { errorShare: 0.2 }],
    ['by latency', { bucket: 11 }],
    ['by health', { healthy: false }],
  ])('%s: not halted; the wave is held, and passes once the fleet is well again', (_, change) => {
    const fleet = SimulatedFleet.ofTwelve();
    const ill = { ...good, ...change };
    const from = fleet.nowMs + 30_000;
    fleet.behaviour = (_s, _v, nowMs) => (nowMs > from && nowMs < from + 300_000 ? ill : good);
    let held = false;
    const end = run(fleet, fleet.start(), (s) => {
      held ||= s.waves[0]!.checks.some((c) => c.outcome === 'hold');
      return ended(s);
    });
    expect(held).toBe(true);
    expect(end.status).toBe('completed');
  });

  it('a version that is worse than an unwell control group is halted all the same', () => {
    const fleet = SimulatedFleet.ofTwelve();
    fleet.behaviour = (_s, v) => ({ ...good, errorShare: v === target ? 0.6 : 0.3 });
    expect(run(fleet, fleet.start(), ended).status).toBe('halted');
  });
});

describe('too little to judge by', () => {
  const quiet = { ...good, requestsPerSecond: 0 };

  it('pauses for a person after the patience; approving accepts the wave', () => {
    const fleet = SimulatedFleet.ofTwelve();
    fleet.behaviour = () => quiet;
    let state = run(fleet, fleet.start({ patienceSeconds: 120 }), (s) => s.status === 'paused');
    expect(state.statusReason).toMatch(/0 of the 200 requests/);
    expect(fleet.nowMs - state.resumedAtMs).toBeGreaterThanOrEqual(180_000);
    state = applyVerb(state, 'approve', 'token:ops', 'looked at it', fleet.nowMs).state;
    expect(state.waves[0]).toMatchObject({ status: 'passed', verdict: { outcome: 'accepted', why: 'by token:ops: looked at it' } });
    expect(state.status).toBe('running');
  });

  it('passes where the policy lets it', () => {
    const fleet = SimulatedFleet.ofTwelve();
    fleet.behaviour = () => quiet;
    expect(run(fleet, fleet.start({ whenUnjudged: 'pass' }), ended).status).toBe('completed');
  });

  it('a region that is cut off is waited for, not guessed about', () => {
    const fleet = SimulatedFleet.ofTwelve();
    let state = run(fleet, fleet.start(), (s) => s.members.some((m) => m.stamp === 'us-1' && m.status === 'soaking'));
    fleet.cutOff.add('us');
    state = run(fleet, state, (s) => s.status !== 'running', 600);
    expect([state.status, state.waves[0]!.status]).toEqual(['running', 'soaking']);
    fleet.cutOff.clear();
    expect(run(fleet, state, ended).status).toBe('completed');
  });
});

describe('people', () => {
  it('a wave that wants an approval starts with it and not before; a paused roll-out changes nobody', () => {
    const fleet = SimulatedFleet.ofTwelve();
    let state = fleet.start({ waves: [{ ring: 'canary', percent: 100, approval: true }] });
    state = run(fleet, state, (s) => s.waves[0]!.status !== 'awaiting' && s.waves[0]!.status !== 'pending', 100);
    expect(waves(state)).toEqual({ canary: 'awaiting' });
    state = applyVerb(state, 'approve', 'token:ops', null, fleet.nowMs).state;
    state = applyVerb(state, 'pause', 'token:ops', null, fleet.nowMs).state;
    state = run(fleet, state, () => false, 50);
    expect(fleet.jobs.size).toBe(0);
    state = applyVerb(state, 'resume', 'token:ops', null, fleet.nowMs).state;
    expect(run(fleet, state, ended)).toMatchObject({ status: 'completed', waves: [{ approvedBy: 'token:ops' }] });
  });

  it('a paused roll-out whose wave gets worse is halted all the same', () => {
    const fleet = SimulatedFleet.ofTwelve();
    let state = run(fleet, fleet.start(), (s) => s.waves[0]!.status === 'soaking');
    state = applyVerb(state, 'pause', 'token:ops', null, fleet.nowMs).state;
    fleet.behaviour = (_s, v) => (v === target ? bad : good);
    expect(run(fleet, state, ended).status).toBe('halted');
  });

  it('abort waits for jobs under way and leaves each stamp what it has; rollback takes back what passed', () => {
    const fleet = SimulatedFleet.ofTwelve();
    let state = run(
      fleet,
      fleet.start(),
      (s) => s.waves[1]!.status === 'changing' && s.members.some((m) => m.status === 'changing' && m.job !== null),
    );
    state = applyVerb(state, 'abort', 'token:ops', 'wrong version', fleet.nowMs).state;
    state = run(fleet, state, ended);
    expect(state).toMatchObject({ status: 'aborted', statusReason: 'token:ops: wrong version' });
    expect(versions(fleet)).toMatchObject({ 'eu-1': target, 'us-6': before });
    expect(fleet.fleet.filter((s) => s.heldBy !== null)).toEqual([]);
    state = run(fleet, applyVerb(state, 'rollback', 'token:ops', null, fleet.nowMs).state, ended);
    expect(state.status).toBe('rolled_back');
    expect(new Set(Object.values(versions(fleet)))).toEqual(new Set([before]));
  });

  it.each(['resume', 'approve'] as const)('"%s" is refused where it makes no sense', (verb) => {
    const fleet = SimulatedFleet.ofTwelve();
    expect(() => applyVerb(fleet.start(), verb, 'token:ops', null, 0)).toThrow(expect.objectContaining({ code: 'illegal_transition' }));
  });
});

describe('the fleet changes meanwhile', () => {
  it('new stamps join: built at the target they are watched, built before they are changed; retired ones drop out', () => {
    const fleet = SimulatedFleet.ofTwelve();
    const state = run(fleet, fleet.start(), (s) => s.waves[0]!.status === 'soaking');
    fleet.add('eu-7', 'broad', target);
    fleet.add('us-7', 'early', before);
    fleet.add('us-8', 'canary', before);
    fleet.stamps.get('eu-6')!.status = 'retired';
    fleet.stamps.get('eu-5')!.status = 'retiring';
    fleet.stamps.delete('us-6');
    const end = run(fleet, state, ended);
    expect(end.status).toBe('completed');
    expect(Object.fromEntries(end.members.map((m) => [m.stamp, m.status]))).toMatchObject({
      'eu-7': 'passed',
      'us-7': 'passed',
      'us-8': 'passed',
      'eu-5': 'dropped',
      'eu-6': 'dropped',
      'us-6': 'dropped',
    });
    expect([...fleet.jobs.values()].some((j) => j.stamp === 'eu-7')).toBe(false);
    expect(versions(fleet)).toMatchObject({ 'eu-7': target, 'us-7': target, 'us-8': target });
  });

  it('a stamp that joined at the target is taken to what the fleet had when its wave fails', () => {
    const fleet = SimulatedFleet.ofTwelve();
    const state = run(fleet, fleet.start(), (s) => s.waves[0]!.status === 'soaking');
    fleet.add('eu-7', 'canary', target);
    fleet.behaviour = (_s, v) => (v === target ? bad : good);
    const end = run(fleet, state, ended);
    expect([end.status, versions(fleet)['eu-7']]).toEqual(['halted', before]);
  });

  it('no wave starts while the events of one region can’t be read in another', () => {
    const fleet = SimulatedFleet.ofTwelve();
    fleet.unreadable = ['us does not know lapidary.stamp.moved.v1'];
    const state = run(fleet, fleet.start(), (s) => s.status === 'paused', 10);
    expect(state.statusReason).toMatch(/stamp\.moved/);
    fleet.unreadable = undefined;
    const waiting = run(fleet, applyVerb(state, 'resume', 'token:ops', null, fleet.nowMs).state, () => false, 30);
    expect([waiting.status, waiting.waves[0]!.status, fleet.jobs.size]).toEqual(['running', 'pending', 0]);
  });

  it('a template that is worse is taken back as a workload is, with nobody’s help', () => {
    const fleet = SimulatedFleet.ofTwelve();
    fleet.behaviour = (s, v) => (v === target && ['eu-1', 'us-1'].includes(s) ? bad : good);
    const end = run(fleet, { ...fleet.start(), kind: 'template' }, ended);
    expect(end.status).toBe('halted');
    expect(end.members.filter((m) => m.status === 'reverted').map((m) => m.stamp)).toEqual(['eu-1', 'us-1']);
    expect([...fleet.stamps.values()].every((s) => s.version === before && s.heldBy === null)).toBe(true);
  });

  it('a stamp whose retiring was cancelled comes back into the roll-out, under new attempts', () => {
    const fleet = SimulatedFleet.ofTwelve();
    const changed = run(fleet, fleet.start(), (s) => s.members.some((m) => m.stamp === 'eu-1' && m.status === 'soaking'));
    const attempts = changed.members.find((m) => m.stamp === 'eu-1')!.attempt;
    for (const name of ['eu-1', 'eu-2']) fleet.stamps.get(name)!.status = 'retiring';
    const dropped = run(fleet, changed, (s) => s.members.filter((m) => m.status === 'dropped').length === 2, 10);
    for (const name of ['eu-1', 'eu-2']) fleet.stamps.get(name)!.status = 'active';
    const end = run(fleet, dropped, ended);
    expect(end.status).toBe('completed');
    expect(end.members.filter((m) => m.status === 'passed')).toHaveLength(12);
    expect(end.members.find((m) => m.stamp === 'eu-1')!.attempt).toBeGreaterThanOrEqual(attempts);
    expect([...fleet.stamps.values()].every((s) => s.version === target && s.heldBy === null)).toBe(true);
  });

  it('of two that were begun at once the later one gives way: it takes back what it changed and says to whom', () => {
    const fleet = SimulatedFleet.ofTwelve();
    const changed = run(fleet, fleet.start(), (s) => s.members.some((m) => m.status === 'soaking'));
    fleet.rivals = ['us.01ARZ3NDEKTSV4RRFFQ69G5FAZ'];
    expect(run(fleet, changed, ended, 10).status).toBe('running');
    fleet.rivals = ['us.01ARZ3NDEKTSV4RRFFQ69G5FAA'];
    const end = run(fleet, changed, (s) => s.status === 'rolled_back', 200);
    expect(end).toMatchObject({ status: 'rolled_back', statusReason: expect.stringContaining('us.01ARZ3NDEKTSV4RRFFQ69G5FAA') });
    expect([...fleet.stamps.values()].every((s) => s.version === before)).toBe(true);
  });
});
