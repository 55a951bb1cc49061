import type { ComparedDomain } from '../../digests/compare-peer.js';
import type { RowKey } from '@lapidary/contracts/digest-protocol';
import type { Difference, Look, Place, Skip } from '../difference.js';
import { unanswered, type Sensor, type SensorInput } from './sensor.js';

const subjectOf = (peer: string, collection: string): string => `replica/${peer}.${collection}`;

/** Documents here against those of each other region (P-GE5, I6), with one planted that only this region has. */
export const dataDigestSensor: Sensor = {
  kind: 'data-digest',
  reads: [],
  async *look({ world, facts, signal, nonce, isOfOneStamp }: SensorInput): AsyncGenerator<Look> {
    if (isOfOneStamp) return;
    for (const peer of world.peers) {
      signal.throwIfAborted();
      try {
        const { domains, planted } = await world.comparePeer(peer, nonce, signal);
        yield {
          ...lookAt(peer, domains, facts.defaultOwner),
          planted: planted === 'not-planted' ? undefined : planted,
        };
      } catch (error) {
        signal.throwIfAborted();
        yield unanswered('data-digest', `region/${peer}`, error);
      }
    }
  },
};

const pathOf = (kind: string, { tenant, id }: RowKey): string => `${kind} ${tenant}/${id}`;
const keyOf = ({ subject, path }: Place): string => `${subject} ${path}`;

/**
 * What stood of rows that could not be judged may stand still; where more differs of a set than was looked at, that is any of its rows. A set
 * that neither side has any more holds nothing that differs.
 */
const lookAt = (peer: string, domains: readonly ComparedDomain[], owner: string): Look => {
  const skipped: Skip[] = [];
  const differences: Difference[] = [];
  const [left, cut] = [new Set<string>(), new Set<string>()];
  const looked = new Set(domains.map((d) => subjectOf(peer, d.domain.collection)));
  for (const { domain, drifted, unjudged, moved, more } of domains) {
    const subject = subjectOf(peer, domain.collection);
    for (const { tenant, id, own, theirs } of drifted)
      differences.push({
        kind: 'data-digest',
        subject,
        path: pathOf(domain.kind, { tenant, id }),
        expected: theirs,
        observed: own,
        severity: 'warning',
        owner,
      });
    if (more || moved > 0) cut.add(subject);
    for (const key of unjudged) left.add(keyOf({ subject, path: pathOf(domain.kind, key) }));
    if (unjudged.length + moved === 0 && !more) continue;
    looked.delete(subject);
    const why = more
      ? 'more differs than is looked at in one go'
      : `${unjudged.length + moved} rows of kind ${domain.kind} change all the time, or are on their way`;
    skipped.push({ subject, why, isFault: false });
  }
  const judges = (place: Place): boolean =>
    place.subject.startsWith(subjectOf(peer, '')) && !cut.has(place.subject) && !left.has(keyOf(place));
  return { kind: 'data-digest', looked: [...looked], judges, skipped, differences };
};
