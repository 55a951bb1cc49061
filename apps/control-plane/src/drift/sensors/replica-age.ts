import type { Difference } from '../difference.js';
import type { RouterHeard } from '../routes/replica-fleet.js';
import { replicaSubject } from './route-epoch.js';
import type { Sensor } from './sensor.js';

/**
 * Routers follow the directory within 10 s and agents beat each second; a restart takes seconds. Whoever is a minute behind is cut off or
 * gone, and serves what it last knew.
 */
export const graceMs = 60_000;

interface Replica {
  readonly subject: string;
  readonly followedAtMs: number;
}

/** To the minute: it stays what it is while the silence lasts. */
const minuteOf = (ms: number): string => new Date(Math.floor(ms / 60_000) * 60_000).toISOString();

/** Routers and agents by when they last held what the directory says: one that is cut off can't be compared, and is found by that. */
export const replicaAgeSensor: Sensor = {
  kind: 'replica-age',
  reads: ['upkeep'],
  async *look({ facts, world, isOfOneStamp }) {
    if (isOfOneStamp) return;
    const nowMs = Date.now();
    const { heard, isComplete } = await world.routersHeard();
    const replicas = [...heard.map(ofRouter), ...facts.upkeep.agents.map(ofAgent)];
    const differences = replicas
      .filter((r) => nowMs - r.followedAtMs > graceMs)
      .map(({ subject, followedAtMs }): Difference => ({
        ...{ kind: 'replica-age', subject, path: 'followed', owner: facts.defaultOwner },
        expected: `within ${graceMs / 1_000} s`,
        observed: minuteOf(followedAtMs),
        severity: 'warning',
      }));
    const planted = new Set(facts.plantedStamps.map((name) => replicaSubject({ of: 'agent', name })));
    const known = new Set(replicas.map((r) => r.subject));
    // Taken out on purpose, or retired: what nobody knows any more is nobody's fault.
    const gone = facts.upkeep.silent.filter((subject) => !known.has(subject));
    const isJudged = (subject: string): boolean => isComplete || !subject.startsWith('router/');
    yield {
      kind: 'replica-age',
      looked: [...known, ...gone.filter(isJudged)].filter((subject) => !planted.has(subject)),
      skipped: gone
        .filter((subject) => !isJudged(subject))
        .map((subject) => ({ subject, why: 'this process has not listened for long enough', isFault: false })),
      differences: differences.filter((d) => !planted.has(d.subject)),
      planted: differences.some((d) => planted.has(d.subject)) ? 'found' : 'missed',
    };
  },
};

const ofRouter = ({ name, followedAtMs }: RouterHeard): Replica => ({ subject: replicaSubject({ of: 'router', name }), followedAtMs });
const ofAgent = ({ stamp, heardAt }: { readonly stamp: string; readonly heardAt: Date }): Replica => ({
  subject: replicaSubject({ of: 'agent', name: stamp }),
  followedAtMs: heardAt.getTime(),
});
