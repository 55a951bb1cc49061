import type { Traffic } from '@lapidary/contracts/agent-protocol';
import type { JobView } from '@lapidary/contracts/api/jobs';
import type { StampObservation } from '@lapidary/contracts/api/observations';
import { RolloutPolicySchema, type RolloutPolicy } from '@lapidary/contracts/api/rollouts';
import type { RegionName, StampName } from '@lapidary/kernel/names';
import { addTraffic, noTraffic } from '../../health/traffic-window.js';
import { effectsOf } from '../effects.js';
import { windowStarts } from '../judge.js';
import { planWaves } from '../plan-waves.js';
import type { Acceptance, FleetStamp, RolloutLine, RolloutObservations, RolloutState } from '../rollout-state.js';
import { step } from '../step/step.js';

export const [before, target] = ['1.0.0', '2.0.0'];

/** How a stamp behaves while it runs a version. */
export interface Behaviour {
  readonly errorShare: number;
  /** Bucket into which its answers fall. */
  readonly bucket: number;
  readonly healthy: boolean;
  readonly requestsPerSecond: number;
}
export const good: Behaviour = { errorShare: 0.002, bucket: 3, healthy: true, requestsPerSecond: 30 };

interface SimulatedStamp {
  region: string;
  ring: FleetStamp['ring'];
  status: string;
  version: string;
  heldBy: string | null;
  /** Counters at the end of each second. */
  readonly counters: Traffic[];
}

interface SimulatedJob {
  readonly stamp: string;
  readonly version: string;
  readonly endsAtMs: number;
  status: JobView['status'];
  readonly error: JobView['error'];
}

/** Numbers that look random and are the same at every run (mulberry32). */
export const randomOf = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
};

/** A fleet, its regions and their jobs, with a clock that only the test moves. */
export class SimulatedFleet {
  nowMs = 1_700_000_000_000;
  readonly stamps = new Map<string, SimulatedStamp>();
  readonly jobs = new Map<string, SimulatedJob>();
  readonly lines: RolloutLine[] = [];
  /** Regions that can't be asked. */
  readonly cutOff = new Set<string>();
  unreadable: string[] | undefined = [];
  rivals: string[] = [];
  behaviour: (stamp: string, version: string, nowMs: number) => Behaviour = () => good;
  jobOutcome: (stamp: string, version: string) => 'succeeded' | 'failed' = () => 'succeeded';
  jobMs = 3_000;
  private readonly answers = new Map<string, Acceptance>();
  private pending = new Map<string, Acceptance>();
  private released = new Set<string>();

  constructor(readonly random: () => number) {}

  add(name: string, ring: FleetStamp['ring'], version: string = before): void {
    this.stamps.set(name, { region: name.split('-')[0]!, ring, status: 'active', version, heldBy: null, counters: [noTraffic()] });
  }

  /** 2 canary, 4 early, 6 broad, over two regions. */
  static ofTwelve(seed = 1): SimulatedFleet {
    const fleet = new SimulatedFleet(randomOf(seed));
    const rings = ['canary', 'early', 'early', 'broad', 'broad', 'broad'] as const;
    for (const region of ['eu', 'us']) for (const [i, ring] of rings.entries()) fleet.add(`${region}-${i + 1}`, ring);
    return fleet;
  }

  get fleet(): FleetStamp[] {
    return [...this.stamps].map(([name, { region, ring, status, version, heldBy }]) => ({ name, region, ring, status, version, heldBy }));
  }

  start(policy: Partial<RolloutPolicy> = {}): RolloutState {
    const full = RolloutPolicySchema.parse({ soakSeconds: 60, ...policy });
    const regions = ['eu', 'us'];
    return {
      id: 'eu.01ARZ3NDEKTSV4RRFFQ69G5FAV',
      status: 'running',
      statusReason: null,
      kind: 'workload',
      target,
      base: before,
      regions,
      policy: full,
      resumedAtMs: this.nowMs,
      ...planWaves(full, this.fleet, regions, target),
    };
  }

  /** One second passes: traffic flows, jobs end. */
  second(): void {
    this.nowMs += 1_000;
    for (const [name, stamp] of this.stamps) stamp.counters.push(addTraffic(stamp.counters.at(-1)!, this.trafficOf(name, stamp.version)));
    for (const job of this.jobs.values()) {
      if (job.status !== 'running' || job.endsAtMs > this.nowMs) continue;
      job.status = this.jobOutcome(job.stamp, job.version);
      const stamp = this.stamps.get(job.stamp);
      if (stamp && job.status === 'succeeded') stamp.version = job.version;
    }
  }

  /** What a controller does at each tick: carry out, observe, step. */
  tick(state: RolloutState): RolloutState {
    this.carryOut(state);
    const { state: next, lines } = step(state, this.observe(state), this.nowMs);
    this.pending = new Map();
    this.released = new Set();
    this.lines.push(...lines);
    return next;
  }

  carryOut(state: RolloutState): void {
    for (const effect of effectsOf(state)) {
      const stamp = this.stamps.get(effect.stamp);
      if (this.cutOff.has(effect.region)) continue;
      if (effect.kind === 'release') {
        if (stamp?.heldBy === state.id) stamp.heldBy = null;
        this.released.add(effect.stamp);
        continue;
      }
      const answer = this.change(state, effect.stamp, effect.attempt, effect.version);
      if (answer) this.pending.set(effect.stamp, answer);
    }
  }

  /** The region's side: the same key gets the same answer; a stamp with an open job is not touched. */
  private change(state: RolloutState, name: string, attempt: number, version: string): Acceptance | undefined {
    const key = `${name}/${attempt}`;
    const given = this.answers.get(key);
    if (given) return given;
    const stamp = this.stamps.get(name);
    if (!stamp || stamp.status === 'retired') return { attempt, refused: 'not_found', message: 'gone' };
    if ([...this.jobs.values()].some((j) => j.stamp === name && j.status === 'running')) return undefined;
    const job = `job-${this.jobs.size + 1}`;
    stamp.heldBy = state.id;
    this.jobs.set(job, {
      stamp: name,
      version,
      endsAtMs: this.nowMs + this.jobMs,
      status: 'running',
      error: { code: 'provision_failed', message: 'no' },
    });
    const answer: Acceptance = { attempt, job, fromVersion: stamp.version };
    this.answers.set(key, answer);
    return answer;
  }

  observe(state: RolloutState): RolloutObservations {
    const seen = [...this.stamps].filter(([, s]) => !this.cutOff.has(s.region));
    return {
      atMs: this.nowMs,
      fleet: this.fleet,
      rivals: this.rivals,
      accepted: this.pending,
      released: this.released,
      jobs: new Map([...this.jobs].filter(([, j]) => !this.cutOff.has(this.stamps.get(j.stamp)?.region ?? ''))),
      stamps: new Map(seen.map(([name, s]) => [name, this.observationOf(name, s.version)])),
      traffic: new Map(
        windowStarts(state, this.nowMs).map((start) => [start, new Map(seen.map(([name, s]) => [name, this.windowOf(s, start)]))]),
      ),
      ...(this.unreadable === undefined ? {} : { unreadable: this.unreadable }),
    };
  }

  private observationOf(name: string, version: string): StampObservation {
    const { healthy } = this.behaviour(name, version, this.nowMs);
    return {
      stamp: name as StampName,
      health: healthy ? 'healthy' : 'dead',
      heartbeatAgeMs: 0,
      workloadHealthy: healthy,
      workloadVersion: version,
    };
  }

  private windowOf({ counters }: SimulatedStamp, startMs: number): Traffic {
    const newest = counters.at(-1)!;
    const base = counters[Math.max(0, counters.length - 1 - Math.floor((this.nowMs - startMs) / 1_000))]!;
    return {
      requests: newest.requests - base.requests,
      errors: newest.errors - base.errors,
      latency: newest.latency.map((n, i) => n - base.latency[i]!),
    };
  }

  private trafficOf(name: string, version: string): Traffic {
    const { errorShare, bucket, requestsPerSecond } = this.behaviour(name, version, this.nowMs);
    const traffic = noTraffic();
    for (let i = 0; i < requestsPerSecond; i++) {
      if (this.random() < errorShare) traffic.errors += 1;
      // One in ten falls a bucket higher, as answers do.
      traffic.latency[Math.min(traffic.latency.length - 1, bucket + (this.random() < 0.1 ? 1 : 0))]! += 1;
    }
    return { ...traffic, requests: requestsPerSecond };
  }
}

export const regionOf = (stamp: string): RegionName => stamp.split('-')[0] as RegionName;

/** Ticks every second second until `until` holds. */
export const run = (
  fleet: SimulatedFleet,
  from: RolloutState,
  until: (state: RolloutState) => boolean,
  secondsMax = 3_000,
): RolloutState => {
  let state = from;
  for (let i = 0; i < secondsMax && !until(state); i += 2) {
    fleet.second();
    fleet.second();
    state = fleet.tick(state);
  }
  return state;
};
