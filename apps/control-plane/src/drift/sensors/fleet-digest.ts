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

/** What stood of rows that could not be judged may stand still; where more differs than was looked at, that is any row. */
const lookAt = (subject: string, { drifted, unjudged, more }: ComparedFleet, owner: string): Look => {
  const skipped: Skip[] = [];
  if (more) skipped.push({ subject, why: 'more differs than is looked at in one go', isFault: false });
  else if (unjudged.length > 0)
    skipped.push({ subject, why: `${unjudged.length} rows change all the time, or are on their way`, isFault: false });
  const left = new Set(unjudged.map(({ table, key }) => `${table} ${key}`));
  return {
    kind: 'fleet-digest',
    looked: skipped.length === 0 ? [subject] : [],
    judges: (place) => !more && place.subject === subject && !left.has(place.path),
    skipped,
    differences: drifted.map(({ table, key, own, theirs }) => ({
      ...{ kind: 'fleet-digest', subject, path: `${table} ${key}`, expected: theirs, observed: own, owner },
      severity: own === null ? 'critical' : 'warning',
    })),
  };
};
