import { plantedName } from '../upkeep-facts.js';
import type { Sensor } from './sensor.js';

/** Each region against what it owes the others: to say what it knows. Without that nothing that was deleted is purged, anywhere (ADR 52). */
export const retentionSensor: Sensor = {
  kind: 'retention',
  reads: ['upkeep'],
  *look({ facts, nonce, isOfOneStamp }) {
    if (isOfOneStamp) return;
    const { peers, holdingBack } = facts.upkeep;
    yield {
      kind: 'retention',
      looked: peers.map((peer) => `region/${peer}`),
      skipped: [],
      differences: peers
        .filter((peer) => holdingBack.has(peer))
        .map((peer) => ({
          ...{ kind: 'retention', subject: `region/${peer}`, path: 'purges', owner: facts.defaultOwner },
          expected: 'has said that it knows what was deleted',
          observed: holdingBack.get(peer)?.toISOString() ?? 'has never said what it knows',
          severity: 'warning',
        })),
      planted: holdingBack.has(plantedName(nonce)) ? 'found' : 'missed',
    };
  },
};
