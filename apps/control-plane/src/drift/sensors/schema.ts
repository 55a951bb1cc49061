import type { SchemaAnswer } from '@lapidary/contracts/schema-protocol';
import { releasedDigest } from '@lapidary/contracts/schemas/released';
import type { Difference, Look } from '../difference.js';
import { plantedTable } from '../schema/own-schema.js';
import type { Found } from './asking.js';
import { replicasGone, replicaSubject } from './route-epoch.js';
import { unanswered, type Sensor, type SensorInput } from './sensor.js';

const kind = 'schema';

/** The database against the code that works on it: a migration that has not run breaks it, one that is unknown comes from a newer version. */
export const databaseDifferences = (known: readonly string[], applied: readonly string[]): Found[] => [
  ...known
    .filter((name) => !applied.includes(name))
    .map((name): Found => ({ path: `migration ${name}`, expected: 'applied', observed: null, severity: 'critical' })),
  ...applied
    .filter((name) => !known.includes(name))
    .map((name): Found => ({ path: `migration ${name}`, expected: null, observed: 'applied', severity: 'warning' })),
];

/**
 * Two regions' schemas. Where one is upgraded before the other, types and migrations are missing on one side: told, and mild. The same
 * type or table in two forms is what upgrades never make. Tables are compared where the same migrations made them.
 */
export const peerDifferences = (own: SchemaAnswer, theirs: SchemaAnswer): Found[] => {
  const sameMigrations = own.migrations.join() === theirs.migrations.join();
  const migrations = differing('migration', asMap(own.migrations), asMap(theirs.migrations));
  const tables = sameMigrations ? differing('table', own.tables, theirs.tables) : [];
  return [...differing('wire', own.wire, theirs.wire), ...migrations, ...tables];
};

const asMap = (names: readonly string[]): Record<string, string> => Object.fromEntries(names.map((name) => [name, 'applied']));

const differing = (what: string, own: Readonly<Record<string, string>>, theirs: Readonly<Record<string, string>>): Found[] =>
  [...new Set([...Object.keys(own), ...Object.keys(theirs)])]
    .filter((name) => own[name] !== theirs[name])
    .sort()
    .map((name) => {
      const [expected, observed] = [theirs[name] ?? null, own[name] ?? null];
      const severity = what === 'table' || (expected !== null && observed !== null) ? 'critical' : 'info';
      return { path: `${what} ${name}`, expected, observed, severity };
    });

/** Schemas over the fleet (P-SC1): of this region's database, of each other region, and of each router and agent. */
export const schemaSensor: Sensor = {
  kind,
  reads: ['schema'],
  async *look(input: SensorInput): AsyncGenerator<Look> {
    const { facts, world, signal, nonce, isOfOneStamp } = input;
    if (isOfOneStamp) return;
    const isPlanted = (d: Found): boolean => d.path.endsWith(` ${plantedTable(nonce)}`);
    const { own, knownMigrations } = facts.schema;
    const of = (subject: string, found: readonly Found[]): Difference[] =>
      found.filter((d) => !isPlanted(d)).map((d) => ({ ...d, kind, subject, owner: facts.defaultOwner }));
    const ofDatabase = databaseDifferences(knownMigrations, own.migrations);
    const isSeen = ofDatabase.some(isPlanted) && own.tables[plantedTable(nonce)] !== undefined;
    const self = `region/${facts.region}`;
    yield { kind, looked: [self], skipped: [], differences: of(self, ofDatabase), planted: isSeen ? 'found' : 'missed' };
    for (const peer of world.peers) {
      signal.throwIfAborted();
      const subject = `region/${peer}`;
      try {
        const theirs = await world.peerSchema(peer);
        const isFound = peerDifferences(own, theirs).some(isPlanted);
        const found = peerDifferences(withoutPlanted(own, nonce), theirs);
        yield { kind, looked: [subject], skipped: [], differences: of(subject, found), planted: isFound ? 'found' : 'missed' };
      } catch (error) {
        signal.throwIfAborted();
        yield unanswered(kind, subject, error);
      }
    }
    yield await replicasGone(kind, input);
    yield lookAtReplicas(await world.routeReplicas(), facts.defaultOwner);
  },
};

const withoutPlanted = (own: SchemaAnswer, nonce: string): SchemaAnswer => ({
  ...own,
  migrations: own.migrations.filter((name) => name !== plantedTable(nonce)),
  tables: Object.fromEntries(Object.entries(own.tables).filter(([name]) => name !== plantedTable(nonce))),
});

/** Stamps and routers are upgraded at their own time: another digest is only told. */
const lookAtReplicas = (replicas: Awaited<ReturnType<SensorInput['world']['routeReplicas']>>, owner: string): Look => {
  const told = replicas.filter((r) => r.away === null && r.schemas !== null);
  return {
    kind,
    looked: told.map(replicaSubject),
    skipped: replicas
      .filter((r) => !told.includes(r))
      .map((r) => ({ subject: replicaSubject(r), why: r.away ?? 'tells no schemas', isFault: false })),
    differences: told
      .filter((r) => r.schemas !== releasedDigest)
      .map((r) => ({
        ...{ kind, subject: replicaSubject(r), path: 'wire', expected: releasedDigest, observed: r.schemas, owner },
        severity: 'info',
      })),
  };
};
