import { releasedDigest } from '@lapidary/contracts/schemas/released';
import { AppError } from '@lapidary/kernel/app-error';
import type { Look } from '../difference.js';
import type { DriftFacts, World } from '../drift-facts.js';
import type { RouteReplicaFacts } from '../routes/replica-fleet.js';
import { peerDifferences, schemaSensor } from './schema.js';

const input = { signal: new AbortController().signal, nonce: 'n', isOfOneStamp: false };
const nobodyHeard = { heard: [], isComplete: false };
const factsOf = (facts: Pick<DriftFacts, 'schema'>): DriftFacts =>
  ({ region: 'eu', stamps: [], defaultOwner: 'platform', ...facts }) as unknown as DriftFacts;

describe('schemas over the fleet', () => {
  const own = { wire: { 'a.v1': '1', 'b.v1': '1' }, migrations: ['m1', 'm2'], tables: { document: 'x', outbox: 'y' } };
  const brief = (found: ReturnType<typeof peerDifferences>): unknown[] => found.map((d) => [d.path, d.expected, d.observed, d.severity]);

  it('one type in two forms is critical; one that a region lacks is an upgrade under way', () => {
    expect(brief(peerDifferences(own, own))).toEqual([]);
    expect(brief(peerDifferences(own, { ...own, wire: { 'a.v1': '2', 'c.v1': '1' } }))).toEqual([
      ['wire a.v1', '2', '1', 'critical'],
      ['wire b.v1', null, '1', 'info'],
      ['wire c.v1', '1', null, 'info'],
    ]);
  });

  it('tables are compared where the same migrations made them, and only then', () => {
    const altered = { ...own, tables: { document: 'z', outbox: 'y' } };
    expect(brief(peerDifferences(own, altered))).toEqual([['table document', 'z', 'x', 'critical']]);
    expect(brief(peerDifferences(own, { ...altered, migrations: ['m1'] }))).toEqual([['migration m2', null, 'applied', 'info']]);
  });

  const digest = (schemas: string | null, away: string | null = null): RouteReplicaFacts => ({
    of: 'agent',
    name: 'eu-1',
    away,
    schemas,
    digest: null,
  });
  const facts = factsOf({ schema: { own: { ...own, migrations: ['planted_n'], tables: { planted_n: '' } }, knownMigrations: [] } });
  const looksOf = async (world: Partial<World>, of = facts): Promise<Look[]> => {
    const looks: Look[] = [];
    for await (const look of schemaSensor.look({
      facts: of,
      world: { peers: [], routeReplicas: () => Promise.resolve([]), routersHeard: () => Promise.resolve(nobodyHeard), ...world } as World,
      ...input,
    }))
      looks.push(look);
    return looks;
  };

  it('is blind where it does not see the migration and the table that were planted', async () => {
    expect((await looksOf({})).map((l) => l.planted)).toEqual(['found', undefined, undefined]);
    const unseen = factsOf({ schema: { own: { ...own, migrations: ['planted_n'] }, knownMigrations: [] } });
    expect((await looksOf({}, unseen))[0]!.planted).toBe('missed');
    const echo = { peers: ['us'], peerSchema: () => Promise.resolve(facts.schema.own) };
    expect((await looksOf(echo)).map((l) => l.planted)).toEqual(['found', 'missed', undefined, undefined]);
  });

  it('agents and routers of another version are told, those that are away are skipped with the reason', async () => {
    const replicas = async (list: RouteReplicaFacts[]) => (await looksOf({ routeReplicas: () => Promise.resolve(list) })).at(-1)!;
    expect(await replicas([digest('other')])).toMatchObject({
      looked: ['agent/eu-1'],
      differences: [{ path: 'wire', observed: 'other', severity: 'info' }],
    });
    expect(await replicas([digest(releasedDigest)])).toMatchObject({ looked: ['agent/eu-1'], differences: [] });
    expect(await replicas([digest('other', 'is silent')])).toMatchObject({ looked: [], skipped: [{ why: 'is silent' }], differences: [] });
  });

  it('a peer that can’t be reached is skipped; one that answers rubbish is a fault', async () => {
    const peer = async (code: 'timeout' | 'internal') =>
      (await looksOf({ peers: ['us'], peerSchema: () => Promise.reject(new AppError(code, 'no')) }))[1]!.skipped;
    expect(await peer('timeout')).toEqual([{ subject: 'region/us', why: 'no', isFault: false }]);
    expect(await peer('internal')).toMatchObject([{ isFault: true }]);
  });
});
