import { ownerOf, subjectOf } from '../drift-facts.js';
import { sortStamps, type Sensor } from './sensor.js';

/** The workload version that the agent observes against the one that was activated (P-ST8). */
export const versionSensor: Sensor = {
  kind: 'version',
  reads: ['desired'],
  *look({ facts }) {
    const { live, retired, skipped } = sortStamps(facts.stamps);
    const silent = live.filter((s) => s.observedWorkloadVersion === null);
    const heard = live.filter((s) => s.observedWorkloadVersion !== null);
    yield {
      kind: 'version',
      looked: [...heard.map((s) => subjectOf(s.name)), ...retired],
      // Health tells of agents that are silent, and a workload need not report a version.
      skipped: [...skipped, ...silent.map((s) => ({ subject: subjectOf(s.name), why: 'reports no version now', isFault: false }))],
      differences: heard
        .filter((s) => s.observedWorkloadVersion !== s.workloadVersion)
        .map((s) => ({
          kind: 'version',
          subject: subjectOf(s.name),
          path: 'workload.version',
          expected: s.workloadVersion,
          observed: s.observedWorkloadVersion,
          severity: 'warning',
          owner: ownerOf(s, facts),
        })),
    };
  },
};
