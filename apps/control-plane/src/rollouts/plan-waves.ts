import type { RolloutPolicy } from '@lapidary/contracts/api/rollouts';
import { newMember, type FleetStamp, type MemberState, type WaveState } from './rollout-state.js';

/** The stamps of a ring in the order in which they are changed: one of each region in turn, so that no region goes first as a whole. */
const inTurn = (stamps: readonly FleetStamp[]): FleetStamp[] => {
  const byRegion = Map.groupBy([...stamps].sort(byNumber), (s) => s.region);
  const order = [...byRegion.values()].flatMap((list) => list.map((stamp, index) => ({ stamp, index })));
  return order.sort((a, b) => a.index - b.index || (a.stamp.region < b.stamp.region ? -1 : 1)).map((o) => o.stamp);
};

const numberOf = (name: string): number => Number(name.slice(name.lastIndexOf('-') + 1));
const byNumber = (a: FleetStamp, b: FleetStamp): number => numberOf(a.name) - numberOf(b.name);

/** Which stamp is changed in which wave. A stamp stands in one wave at most; one that runs the target already is noted as skipped. */
export const planWaves = (
  policy: RolloutPolicy,
  fleet: readonly FleetStamp[],
  regions: readonly string[],
  target: string,
): { readonly waves: WaveState[]; readonly members: MemberState[] } => {
  const members: MemberState[] = [];
  const waves = policy.waves.map((plan, position): WaveState => {
    const ring = inTurn(fleet.filter((s) => s.ring === plan.ring && s.status === 'active' && regions.includes(s.region)));
    const taken = new Set(members.map((m) => m.stamp));
    const upTo = Math.ceil((plan.percent / 100) * ring.length);
    for (const stamp of ring.slice(0, upTo)) {
      if (taken.has(stamp.name)) continue;
      const member = newMember(stamp.name, stamp.region, position, stamp.version);
      members.push(stamp.version === target ? { ...member, status: 'skipped' } : member);
    }
    return newWave(position, nameOf(policy, position), plan);
  });
  return { waves, members };
};

const nameOf = ({ waves }: RolloutPolicy, position: number): string => {
  const { ring } = waves[position]!;
  if (waves.filter((w) => w.ring === ring).length === 1) return ring;
  return `${ring}-${waves.slice(0, position + 1).filter((w) => w.ring === ring).length}`;
};

const newWave = (position: number, name: string, { ring, approval }: RolloutPolicy['waves'][number]): WaveState => ({
  position,
  name,
  ring,
  approval,
  status: 'pending',
  approvedBy: null,
  startedAtMs: null,
  soakingSinceMs: null,
  finishedAtMs: null,
  failingSinceMs: null,
  checks: [],
  verdict: null,
});

/** Versions that the fleet runs, the most frequent first; the lower one where two are equal. */
export const versionsOf = (fleet: readonly FleetStamp[]): { readonly version: string | null; readonly stamps: readonly string[] }[] =>
  [
    ...Map.groupBy(
      fleet.filter((s) => s.status === 'active'),
      (s) => s.version,
    ),
  ]
    .map(([version, stamps]) => ({ version, stamps: stamps.map((s) => s.name) }))
    .sort((a, b) => b.stamps.length - a.stamps.length || ((a.version ?? '') < (b.version ?? '') ? -1 : 1));

/** P-ST8: a fleet runs at most two versions at once; a third would have to work with both of the others. */
export const versionsMax = 2;
