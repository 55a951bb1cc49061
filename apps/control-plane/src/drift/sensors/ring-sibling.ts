import type { Difference } from '../difference.js';
import { ownerOf, subjectOf, type DriftFacts, type StampFacts } from '../drift-facts.js';
import { sortStamps, type Sensor } from './sensor.js';

/** With one sibling nobody can say which of the two is the odd one. */
const siblingsMin = 2;

const traits = {
  templateVersion: (s: StampFacts) => s.templateVersion,
  'workload.version': (s: StampFacts) => s.observedWorkloadVersion ?? s.workloadVersion,
  profile: (s: StampFacts) => s.profile,
} as const;
type Trait = keyof typeof traits;

/** The value that more than half of the siblings have, or undefined where no value has that many. */
export const commonValue = (values: readonly (string | null)[]): string | null | undefined => {
  const counts = new Map<string | null, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].find(([, count]) => count * 2 > values.length)?.[0];
};

/**
 * What a stamp has unlike most stamps of its ring on the same driver, in all regions, though its own spec doesn't ask for it.
 * While a roll-out goes on, versions within a ring differ on purpose.
 */
export const siblingDifferences = (stamp: StampFacts, facts: DriftFacts): Difference[] => {
  const siblings = facts.fleet.filter(
    (s) => s.name !== stamp.name && s.ring === stamp.ring && s.driver === stamp.driver && s.status === 'active' && s.inProgress === null,
  );
  if (siblings.length < siblingsMin) return [];
  return (Object.keys(traits) as Trait[]).flatMap((path): Difference[] => {
    const observed = traits[path](stamp);
    const expected = commonValue(siblings.map(traits[path]));
    if (expected === undefined || observed === expected || isMeant(path, observed, stamp, facts)) return [];
    return [
      { kind: 'ring-sibling', subject: subjectOf(stamp.name), path, expected, observed, severity: 'info', owner: ownerOf(stamp, facts) },
    ];
  });
};

const isMeant = (path: Trait, observed: string | null, stamp: StampFacts, facts: DriftFacts): boolean => {
  if (path !== 'profile' && facts.rolloutOpen) return true;
  const desired = facts.desired.get(stamp.name);
  if (!desired?.ok) return false;
  if (path === 'profile') return observed === desired.spec.profile;
  return path === 'workload.version' && observed === desired.spec.workload.version;
};

/** A stamp against the others of its ring (P-ST4, P-ST8). */
export const ringSiblingSensor: Sensor = {
  kind: 'ring-sibling',
  reads: ['desired'],
  *look({ facts }) {
    const { live, retired, skipped } = sortStamps(facts.stamps);
    yield {
      kind: 'ring-sibling',
      looked: [...live.map((s) => subjectOf(s.name)), ...retired],
      skipped,
      differences: live.flatMap((stamp) => siblingDifferences(stamp, facts)),
    };
  },
};
