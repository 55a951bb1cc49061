import { recentMinutes } from '../../signatures/refusal-rows.js';
import { plantedName } from '../upkeep-facts.js';
import type { Sensor } from './sensor.js';

/** Clocks that differ, and nothing else: nobody has to have lied. */
const harmless = 'stale';

/** Each peer against its signature: what came in its name of late and was not believed (ADR 115; docs/runbooks/signature_refused.md). */
export const signatureSensor: Sensor = {
  kind: 'signature',
  reads: ['upkeep'],
  *look({ facts, nonce, isOfOneStamp }) {
    if (isOfOneStamp) return;
    const { peers, unbelieved } = facts.upkeep;
    yield {
      kind: 'signature',
      looked: peers.map((peer) => `region/${peer}`),
      skipped: [],
      differences: peers.flatMap((peer) =>
        [...Map.groupBy(unbelieved.get(peer) ?? [], ({ what }) => what)].map(([what, refusals]) => ({
          ...{ kind: 'signature' as const, subject: `region/${peer}`, path: what, owner: facts.defaultOwner },
          expected: 'is signed by it',
          observed: `refused within the last ${recentMinutes} minutes: ${refusals
            .map(({ why }) => why)
            .sort()
            .join(', ')}`,
          severity: refusals.every(({ why }) => why === harmless) ? ('warning' as const) : ('critical' as const),
        })),
      ),
      planted: unbelieved.has(plantedName(nonce)) ? 'found' : 'missed',
    };
  },
};
