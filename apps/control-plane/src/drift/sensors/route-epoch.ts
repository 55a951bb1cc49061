import type { Difference, Look } from '../difference.js';
import { plantedTenant } from '../placement-facts.js';
import type { ComparedRoutes } from '../routes/compare-routes.js';
import type { RouteReplicaFacts } from '../routes/replica-fleet.js';
import { unanswered, type Sensor, type SensorInput } from './sensor.js';

const kind = 'route-epoch';

/** Names of routers are anything; subjects are not. */
export const replicaSubject = ({ of, name }: Pick<RouteReplicaFacts, 'of' | 'name'>): string =>
  `${of}/${name.toLowerCase().replaceAll(/[^a-z0-9.-]/g, '-')}`;
export const directorySubject = (region: string): string => `directory/${region}`;

/**
 * Routes wherever they are kept (P-GE5, I1, I4): the directory against placements and stamps, then each router and each agent
 * against the directory. A wrong epoch or stamp sends requests astray, so all of it is critical.
 */
export const routeEpochSensor: Sensor = {
  kind,
  reads: ['routes'],
  async *look(input: SensorInput): AsyncGenerator<Look> {
    const { facts, world, signal, nonce, isOfOneStamp } = input;
    if (isOfOneStamp) return;
    yield lookAtDirectory(input);
    yield await replicasGone(kind, input);
    for (const replica of await world.routeReplicas()) {
      signal.throwIfAborted();
      const subject = replicaSubject(replica);
      if (replica.away !== null) {
        yield { kind, looked: [], skipped: [{ subject, why: replica.away, isFault: false }], differences: [] };
        continue;
      }
      try {
        yield lookAt(subject, await world.compareRoutes(replica, nonce, signal), facts.defaultOwner);
      } catch (error) {
        signal.throwIfAborted();
        yield unanswered(kind, subject, error);
      }
    }
  },
};

/** Routers that were taken out and agents of stamps that are retired: nobody hears them any more, and nothing stands of them. */
export const replicasGone = async (of: Look['kind'], { facts, world }: SensorInput): Promise<Look> => {
  const { heard, isComplete } = await world.routersHeard();
  const routers = new Set(heard.map(({ name }) => replicaSubject({ of: 'router', name })));
  const agents = new Set(facts.stamps.flatMap(({ name, status }) => (status === 'retired' ? [] : [replicaSubject({ of: 'agent', name })])));
  return {
    ...{ kind: of, looked: [], skipped: [], differences: [] },
    judges: ({ subject }) =>
      (subject.startsWith('agent/') && !agents.has(subject)) || (subject.startsWith('router/') && isComplete && !routers.has(subject)),
  };
};

const lookAtDirectory = ({ facts, nonce }: SensorInput): Look => {
  const subject = directorySubject(facts.region);
  const planted = [plantedTenant(nonce, 1), plantedTenant(nonce, 2)].map((tenant) => `tenant/${tenant}`);
  const isOurs = (key: string): boolean => planted.includes(key) || facts.plantedStamps.some((stamp) => key === `stamp/${stamp}`);
  const { entries } = facts.routes;
  return {
    kind,
    looked: [subject],
    skipped: [],
    differences: entries
      .filter(({ key }) => !isOurs(key))
      .map(({ key, expected, observed }) => critical(subject, key, expected, observed, facts.defaultOwner)),
    planted: planted.every((key) => entries.some((e) => e.key === key)) ? 'found' : 'missed',
  };
};

const lookAt = (subject: string, { drifted, pending, more, planted }: ComparedRoutes, owner: string): Look => {
  const isWhole = pending.length === 0 && !more;
  const why = more ? 'more differs than is looked at in one go' : `${pending.length} routes are on their way`;
  const left = new Set(pending);
  return {
    kind,
    // What stood of a route that is on its way may stand still.
    judges: (place) => !more && place.subject === subject && !left.has(place.path),
    looked: isWhole ? [subject] : [],
    skipped: isWhole ? [] : [{ subject, why, isFault: false }],
    differences: drifted.map(({ key, expected, observed }) => critical(subject, key, expected, observed, owner)),
    planted: planted === 'not-planted' ? undefined : planted,
  };
};

const critical = (subject: string, path: string, expected: unknown, observed: unknown, owner: string): Difference => ({
  ...{ kind, subject, path, expected, observed, owner },
  severity: 'critical',
});
