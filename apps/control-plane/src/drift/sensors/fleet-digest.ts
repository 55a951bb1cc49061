import { toAppError } from '@lapidary/kernel/app-error';
import type { ComparedFleet } from '../../digests/compare-fleet.js';
import type { Look, Skip } from '../difference.js';
import { unanswered, type Sensor, type SensorInput } from './sensor.js';

/** Stamps, tenants with their placements, and definitions here against what the region that owns them tells, with a stamp planted that is nobody's. */
export const fleetDigestSensor: Sensor = {
  kind: 'fleet-digest',
  reads: [],
  async *look({ world, facts, signal, nonce, isOfOneStamp }: SensorInput): AsyncGenerator<Look> {
    if (isOfOneStamp) return;
    for (const peer of world.peers) {
      signal.throwIfAborted();
      const subject = `region/${peer}`;
      try {
        const compared = await world.compareFleet(peer, nonce, signal);
        const { planted } = compared;
        yield { ...lookAt(subject, compared, facts.defaultOwner), planted: planted === 'not-planted' ? undefined : planted };
      } catch (error) {
        signal.throwIfAborted();
        if (toAppError(error).code === 'invalid_input') yield tooOld(subject);
        else yield unanswered('fleet-digest', subject, error);
      }
    }
  },
};

/** The version before was not asked this; it answers once its region is rolled out. */
const tooOld = (subject: string): Look => ({
  kind: 'fleet-digest',
  looked: [],
  skipped: [{ subject, why: 'runs a version that does not know the question', isFault: false }],
  differences: [],
});

/** A look with rows that could not be judged resolves nothing: what stood of them may stand still. */
const lookAt = (subject: string, { drifted, unjudged, more }: ComparedFleet, owner: string): Look => {
  const skipped: Skip[] = [];
  if (more) skipped.push({ subject, why: 'more differs than is looked at in one go', isFault: false });
  else if (unjudged > 0) skipped.push({ subject, why: `${unjudged} rows change all the time, or are on their way`, isFault: false });
  return {
    kind: 'fleet-digest',
    looked: skipped.length === 0 ? [subject] : [],
    skipped,
    differences: drifted.map(({ table, key, own, theirs }) => ({
      ...{ kind: 'fleet-digest', subject, path: `${table} ${key}`, expected: theirs, observed: own, owner },
      severity: own === null ? 'critical' : 'warning',
    })),
  };
};
