import { digestOf } from '@lapidary/kernel/canonical-json';
import { differencesOf, type Difference, type PathDifference } from '../difference.js';
import { ownerOf, subjectOf, type Desired, type DriftFacts, type StampFacts } from '../drift-facts.js';
import { sortStamps, type Sensor } from './sensor.js';

/** The row's columns in the form of a spec: what placement and routing go by. */
const columnsOf = (stamp: StampFacts) => ({
  name: stamp.name,
  region: stamp.region,
  driver: stamp.driver,
  profile: stamp.profile,
  ring: stamp.ring,
  isolation: stamp.isolation,
  capacity: { units: stamp.capacityUnits },
  labels: stamp.labels,
});

/**
 * Where a stamp's row differs from its files. The row says it twice, in columns and as the spec that was built: where both
 * say the same, it is told once, under the plain path; where only the stored spec differs, under `spec.…`.
 */
export const specDifferences = (stamp: StampFacts, desired: Desired): PathDifference[] => {
  if (!desired.ok) return [{ path: 'file', expected: 'a valid spec', observed: `${desired.code}: ${desired.message}` }];
  const { workload, ...inColumns } = desired.spec;
  const columns = differencesOf(inColumns, columnsOf(stamp));
  const told = new Set(columns.map((d) => JSON.stringify([d.path, d.observed])));
  const stored = differencesOf({ workload, ...inColumns }, stamp.spec)
    .filter((d) => !told.has(JSON.stringify([d.path, d.observed])))
    .map((d) => (d.path.startsWith('workload') ? d : { ...d, path: `spec.${d.path}` }));
  const digest = digestOf(stamp.spec);
  const forged = stamp.specDigest === digest ? [] : [{ path: 'specDigest', expected: digest, observed: stamp.specDigest }];
  return [...columns, ...stored, ...forged];
};

/** The stamp's row against its file (P-ST4). */
export const specSensor: Sensor = {
  kind: 'spec',
  reads: ['desired'],
  *look({ facts }) {
    const { live, retired, skipped } = sortStamps(facts.stamps);
    yield {
      kind: 'spec',
      looked: [...live.map((s) => subjectOf(s.name)), ...retired],
      skipped,
      differences: live.flatMap((stamp) => ofStamp(stamp, facts)),
    };
  },
};

const ofStamp = (stamp: StampFacts, facts: DriftFacts): Difference[] => {
  const desired = facts.desired.get(stamp.name) ?? { ok: false, code: 'internal', message: 'was not resolved' };
  return specDifferences(stamp, desired).map((d) => ({
    ...d,
    kind: 'spec',
    subject: subjectOf(stamp.name),
    severity: 'warning',
    owner: ownerOf(stamp, facts),
  }));
};
