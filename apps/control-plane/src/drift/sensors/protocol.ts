import { agreedProtocol, ownProtocol, protocolText } from '@lapidary/contracts/wire-protocol';
import type { Difference } from '../difference.js';
import { plantedName } from '../upkeep-facts.js';
import type { Sensor } from './sensor.js';

/**
 * What each other region speaks (docs/flows/versions.md). Without a protocol in common two regions exchange nothing: critical. One that is a
 * version apart is being rolled out, or was forgotten: told, and mild.
 */
export const protocolSensor: Sensor = {
  kind: 'protocol',
  reads: ['upkeep'],
  *look({ facts, nonce, isOfOneStamp }) {
    if (isOfOneStamp) return;
    const differences = facts.upkeep.protocols.flatMap(({ peer, theirs }): Difference[] => {
      const isRefused = agreedProtocol(ownProtocol, theirs) === null;
      if (!isRefused && theirs.speaks === ownProtocol.speaks) return [];
      return [
        {
          ...{ kind: 'protocol', subject: `region/${peer}`, path: 'protocol', owner: facts.defaultOwner },
          expected: isRefused ? `${protocolText(ownProtocol)}, as this region` : ownProtocol.speaks,
          observed: isRefused ? protocolText(theirs) : theirs.speaks,
          severity: isRefused ? 'critical' : 'info',
        },
      ];
    });
    const planted = `region/${plantedName(nonce)}`;
    yield {
      kind: 'protocol',
      looked: facts.upkeep.protocols.map(({ peer }) => `region/${peer}`).filter((subject) => subject !== planted),
      skipped: facts.upkeep.peers
        .filter((peer) => !facts.upkeep.protocols.some((p) => p.peer === peer))
        .map((peer) => ({ subject: `region/${peer}`, why: 'has never answered', isFault: false })),
      differences: differences.filter((d) => d.subject !== planted),
      planted: differences.some((d) => d.subject === planted && d.severity === 'critical') ? 'found' : 'missed',
    };
  },
};
