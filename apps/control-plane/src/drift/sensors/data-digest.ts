import type { ComparedDomain } from '../../digests/compare-peer.js';
import type { Difference, Look, Skip } from '../difference.js';
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

/** A set with rows that could not be judged resolves nothing: what stood of them may stand still. */
const lookAt = (peer: string, domains: readonly ComparedDomain[], owner: string): Look => {
  const skipped: Skip[] = [];
  const differences: Difference[] = [];
  const looked = new Set(domains.map((d) => subjectOf(peer, d.domain.collection)));
  for (const { domain, drifted, unjudged, more } of domains) {
    const subject = subjectOf(peer, domain.collection);
    for (const { tenant, id, own, theirs } of drifted)
      differences.push({
        kind: 'data-digest',
        subject,
        path: `${domain.kind} ${tenant}/${id}`,
        expected: theirs,
        observed: own,
        severity: 'warning',
        owner,
      });
    if (unjudged === 0 && !more) continue;
    looked.delete(subject);
    const why = more
      ? 'more differs than is looked at in one go'
      : `${unjudged} rows of kind ${domain.kind} change all the time, or are on their way`;
    skipped.push({ subject, why, isFault: false });
  }
  return { kind: 'data-digest', looked: [...looked], skipped, differences };
};
