import type { GivenUpStanding } from '@lapidary/contracts/api/given-up-regions';
import type { Difference } from '../difference.js';
import { plantedName } from '../upkeep-facts.js';
import type { Sensor } from './sensor.js';

/** A finding names so many; the table `refused_epoch` has all. */
const namedMax = 10;

/** Regions whose database was set back, or that tell epochs lower than they are known, by their own word and by what is known of their logs here (ADR on restored regions). */
export const restoredSensor: Sensor = {
  kind: 'restored',
  reads: ['upkeep'],
  *look({ facts, nonce, isOfOneStamp }) {
    if (isOfOneStamp) return;
    const { peers, setBack, refused, recovery, givenUp } = facts.upkeep;
    const of = (region: string, observed: string): Difference => ({
      ...{ kind: 'restored', subject: `region/${region}`, path: 'log', owner: facts.defaultOwner },
      expected: 'reaches as far as any region knows it',
      observed,
      severity: 'critical',
    });
    yield {
      kind: 'restored',
      looked: [facts.region, ...peers].map((region) => `region/${region}`),
      skipped: [],
      differences: [
        ...(recovery === null ? [] : [of(facts.region, `${recovery.state}, ${recovery.fenced ? 'fenced' : 'opened in part'}`)]),
        ...[facts.region, ...peers].flatMap((region) => givenUpOf(givenUp.get(region), facts.region, of)),
        ...peers.filter((peer) => setBack.has(peer)).map((peer) => of(peer, 'answers for less of its log than is known here')),
        ...peers.flatMap((peer) => {
          const told = refused.filter(({ origin }) => origin === peer).map((r) => `${r.what}/${r.name} ${r.told} below ${r.held}`);
          return told.length === 0
            ? []
            : [{ ...of(peer, `refused: ${told.slice(0, namedMax).join(', ')}`), path: 'epochs', expected: 'never go down' }];
        }),
      ],
      planted: setBack.has(plantedName(nonce)) ? 'found' : 'missed',
    };
  },
};

/** Of a region that was given up as lost for good: that it is there all the same. This one knows of itself that it is. */
const givenUpOf = (
  given: GivenUpStanding | undefined,
  here: string,
  of: (region: string, observed: string) => Difference,
): readonly Difference[] => {
  if (!given || (given.region !== here && given.returnedAt === null)) return [];
  const { region, by, declaredIn, at } = given;
  const observed = `given up by ${by} in ${declaredIn} at ${at}; ${region === here ? 'it writes nothing' : 'nothing of it is taken in'}`;
  return [{ ...of(region, observed), path: 'given-up', expected: 'lost for good, and not back' }];
};
