import type { Difference } from '../difference.js';
import { subjectOf } from '../drift-facts.js';
import { plantedTenant } from '../placement-facts.js';
import type { Sensor } from './sensor.js';

/** Where tenants are against where they may be: residency (I3), and stamps that are for one tenant. */
export const placementSensor: Sensor = {
  kind: 'placement',
  reads: ['placement'],
  *look({ facts, nonce, isOfOneStamp }) {
    if (isOfOneStamp) return;
    const { outside, crowded, standing } = facts.placement;
    const planted = [plantedTenant(nonce, 1), plantedTenant(nonce, 2)];
    const of = (subject: string, path: string, expected: unknown, observed: unknown): Difference => ({
      ...{ kind: 'placement', subject, path, expected, observed },
      severity: 'critical',
      owner: facts.defaultOwner,
    });
    const differences = [
      ...outside
        .filter((t) => !planted.includes(t.tenant))
        .map((t) => of(`tenant/${t.tenant}`, 'residency', t.residency, `${t.stamp} in ${t.region}`)),
      ...crowded.filter((s) => !s.tenants.includes(planted[0]!)).map((s) => of(subjectOf(s.stamp), 'tenants', 1, s.tenants)),
    ];
    const isFound =
      planted.every((tenant) => outside.some((t) => t.tenant === tenant)) &&
      crowded.some((s) => planted.every((t) => s.tenants.includes(t)));
    yield {
      kind: 'placement',
      looked: [...new Set([...standing, ...differences.map((d) => d.subject)])],
      skipped: [],
      differences,
      planted: isFound ? 'found' : 'missed',
    };
  },
};
