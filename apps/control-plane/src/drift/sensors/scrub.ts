import { digestItself } from '../../digests/scrub.js';
import type { Sensor } from './sensor.js';

/** Documents that are not what their digest says; found in the background, slice by slice (docs/flows/drift.md). */
export const scrubSensor: Sensor = {
  kind: 'scrub',
  reads: [],
  async *look({ world, facts, nonce, isOfOneStamp }) {
    if (isOfOneStamp) return;
    const { collections, failed, stalledSince, corrupt, planted } = await world.scrubbed(nonce);
    const subjectOf = (collection: string): string => `collection/${collection}`;
    yield {
      kind: 'scrub',
      // Where it stands still, what was found in order once says nothing of now.
      looked: stalledSince === null ? collections.map(subjectOf) : [],
      skipped: [
        ...failed.map(({ collection, why }) => ({ subject: subjectOf(collection), why, isFault: true })),
        ...(stalledSince === null
          ? []
          : [{ subject: 'sensor/scrub', why: `nothing was looked through since ${stalledSince.toISOString()}`, isFault: true }]),
      ],
      differences: corrupt.map(({ collection, kind, tenant, id, kept, found }) => ({
        kind: 'scrub' as const,
        subject: subjectOf(collection),
        path: id === digestItself ? `${kind} digest` : `${kind} ${tenant}/${id}`,
        expected: kept,
        observed: found,
        severity: 'critical' as const,
        owner: facts.defaultOwner,
      })),
      planted: planted ? 'found' : 'missed',
    };
  },
};
