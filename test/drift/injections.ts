import type { DirectoryEntry } from '@lapidary/contracts/directory';
import { HoldReplySchema } from '@lapidary/contracts/agent-protocol';
import { agentHold } from '@lapidary/contracts/subjects';
import { digestOfState, type DocumentState } from '@lapidary/replication/collections/document-state';
import type { Random } from '../sim/random.js';
import { cursorsAhead } from './region-parts.js';
import type { WatchedRegion } from './watched-region.js';

/** What a finding must be, where nothing else is said: region, kind, subject, path. */
export interface Injected {
  readonly what: string;
  /** Each must be found. */
  readonly expected: readonly string[];
  /** May be found too: the same spot as another sensor sees it. */
  readonly implied: readonly string[];
  mend(): Promise<unknown>;
}

export const nameOf = (region: string, kind: string, subject: string, path: string): string => [region, kind, subject, path].join(' | ');

/** Where injections of one round land: each spot is used once a round. */
export interface Spots {
  /** One of the two. */
  readonly in: WatchedRegion;
  readonly other: WatchedRegion;
  readonly random: Random;
  /** A document that both hold, `d…`; a deleted one, `gone…`. */
  document(): string;
  tombstone(): string;
  /** A tenant of the region on the stamp with this number. */
  tenant(stamp: number): string;
  /** A stamp of the region that has no agent. */
  stamp(): string;
  /** Unique in the whole. */
  next(): number;
}

export type Injection = (spots: Spots) => Promise<Injected>;

const collection = 'shop';
const key = `collection = '${collection}' AND kind = 'lww' AND tenant = ''`;
/** Both regions compare, and both see it. */
const inBoth = ({ in: here, other }: Spots, id: string): string[] => [
  nameOf(here.name, 'data-digest', `replica/${other.name}.${collection}`, `lww /${id}`),
  nameOf(other.name, 'data-digest', `replica/${here.name}.${collection}`, `lww /${id}`),
];

const rowOf = async (at: WatchedRegion, id: string): Promise<object> =>
  (
    await at.sql<{ row: object }>(
      `SELECT to_jsonb(d) || jsonb_build_object('state', document_state(d), 'packed', NULL) AS row FROM document d WHERE ${key} AND id = $1`,
      [id],
    )
  )[0]!.row;
const putBack = (at: WatchedRegion, id: string, row: object) => async (): Promise<void> => {
  await at.sql(`DELETE FROM document WHERE ${key} AND id = $1`, [id]);
  await at.sql('INSERT INTO document SELECT * FROM jsonb_populate_record(null::document, $1::jsonb)', [JSON.stringify(row)]);
};
const priced = (state: DocumentState, price: number): DocumentState =>
  JSON.parse(JSON.stringify(state).replace(/"value":\d+/, `"value":${price}`)) as DocumentState;

const changedField: Injection = async (spots) => {
  const id = spots.document();
  const row = await rowOf(spots.in, id);
  const state = priced((row as { state: DocumentState }).state, 1_000_000 + spots.next());
  await spots.in.sql(`UPDATE document SET packed = NULL, state = $2::jsonb, digest = $3 WHERE ${key} AND id = $1`, [
    id,
    JSON.stringify(state),
    digestOfState(state),
  ]);
  return { what: 'changed field', expected: inBoth(spots, id), implied: [], mend: putBack(spots.in, id, row) };
};

const missingRow: Injection = async (spots) => {
  const id = spots.document();
  const row = await rowOf(spots.in, id);
  await spots.in.sql(`DELETE FROM document WHERE ${key} AND id = $1`, [id]);
  return { what: 'missing row', expected: inBoth(spots, id), implied: [], mend: putBack(spots.in, id, row) };
};

const extraRow: Injection = async (spots) => {
  const [id, from] = [`extra${spots.next()}`, spots.document()];
  await putBack(spots.in, id, { ...(await rowOf(spots.in, from)), id })();
  return {
    what: 'extra row',
    expected: inBoth(spots, id),
    implied: [],
    mend: () => spots.in.sql(`DELETE FROM document WHERE ${key} AND id = $1`, [id]),
  };
};

const lostTombstone: Injection = async (spots) => {
  const id = spots.tombstone();
  const row = await rowOf(spots.in, id);
  await spots.in.sql(`DELETE FROM document WHERE ${key} AND id = $1`, [id]);
  return { what: 'lost tombstone', expected: inBoth(spots, id), implied: [], mend: putBack(spots.in, id, row) };
};

const flippedByte: Injection = async (spots) => {
  const id = spots.document();
  const row = await rowOf(spots.in, id);
  const state = priced((row as { state: DocumentState }).state, 2_000_000 + spots.next());
  await spots.in.sql(`UPDATE document SET packed = NULL, state = $2::jsonb WHERE ${key} AND id = $1`, [id, JSON.stringify(state)]);
  const expected = [nameOf(spots.in.name, 'scrub', `collection/${collection}`, `lww /${id}`)];
  return { what: 'flipped byte in Postgres', expected, implied: [], mend: putBack(spots.in, id, row) };
};

/** What a region's row has that it did not tell, the other one finds: it keeps what it was told. */
const toldOtherwise = ({ in: here, other }: Pick<Spots, 'in' | 'other'>, path: string): string =>
  nameOf(other.name, 'fleet-digest', `region/${here.name}`, path);

/** In the other region's copy of a tenant, of its placement, or of a stamp. */
const inCopy =
  (what: string, path: (spots: Spots) => string, change: string, back: string, isRouted = false): Injection =>
  async (spots) => {
    const of = path(spots);
    const key = of.split(' ')[1]!;
    await spots.other.sql(change, [key]);
    const { name } = spots.other;
    // Its directory has the route that it was told, and is right by that.
    const implied = isRouted ? [nameOf(name, 'route-epoch', `directory/${name}`, of.replace(' ', '/'))] : [];
    return { what, expected: [toldOtherwise(spots, of)], implied, mend: () => spots.other.sql(back, [key]) };
  };
const anyTenant = (spots: Spots): string => `tenant ${spots.tenant(3)}`;

/** Definitions are of no region: both compare, and both see it. */
const definition: Injection = async (spots) => {
  const { in: at, other } = spots;
  await at.sql(`UPDATE collection SET definition = jsonb_set(definition, '{siblings,0,value,byHand}', '"yes"')`);
  return {
    what: 'definition',
    expected: [toldOtherwise(spots, `definition ${collection}`), toldOtherwise({ in: other, other: at }, `definition ${collection}`)],
    implied: [],
    mend: () => at.sql(`UPDATE collection SET definition = definition #- '{siblings,0,value,byHand}'`),
  };
};

/** What a router or an agent shows of a row that was changed under it. */
const copiesOf = ({ name }: WatchedRegion, path: string): string[] =>
  ['router/one', `agent/${name}-1`, `agent/${name}-2`].map((subject) => nameOf(name, 'route-epoch', subject, path));

const directoryRow: Injection = async (spots) => {
  const path = `tenant/${spots.tenant(1 + spots.random.below(2))}`;
  const at = spots.in;
  await at.sql(`UPDATE directory_entry SET body = jsonb_set(body, '{epoch}', to_jsonb((body->>'epoch')::int + 7)) WHERE key = $1`, [path]);
  return {
    what: 'epoch in a row of the directory',
    expected: [nameOf(at.name, 'route-epoch', `directory/${at.name}`, path)],
    implied: copiesOf(at, path),
    mend: () =>
      at.sql(`UPDATE directory_entry SET body = jsonb_set(body, '{epoch}', to_jsonb((body->>'epoch')::int - 7)) WHERE key = $1`, [path]),
  };
};

const routerEntry: Injection = async (spots) => {
  const path = `tenant/${spots.tenant(1 + spots.random.below(2))}`;
  const at = spots.in;
  const held = at.router.directory.held(path)!.entry;
  const forged = { ...held, cursor: held.cursor + 1, body: { ...held.body, epoch: held.body.epoch + 5 } } as DirectoryEntry;
  at.router.directory.apply(forged);
  const expected = [nameOf(at.name, 'route-epoch', 'router/one', path)];
  return { what: 'epoch in a router’s entry', expected, implied: [], mend: () => Promise.resolve() };
};

/** As a control plane that has lost its mind would tell it; a cursor of the near future makes it the newest that the agent knows. */
const forgedPush = async (spots: Spots, tenant: string, stamp: string, epoch: number, hold: boolean): Promise<void> => {
  const { nats, name } = spots.in.at;
  const [origin] = await spots.in.sql<{ cursor: string }>('SELECT cursor FROM origin');
  const command = { tenant, epoch, hold, cursor: Number(origin!.cursor) + cursorsAhead + spots.next() };
  await nats.requestJson(agentHold(name, stamp), command, HoldReplySchema, 10_000);
};

const agentList =
  (how: 'lost' | 'epoch' | 'extra'): Injection =>
  async (spots) => {
    const number = 1 + spots.random.below(2);
    const stamp = `${spots.in.name}-${number}`;
    const tenant = spots.tenant(how === 'extra' ? 3 - number : number);
    await forgedPush(spots, tenant, stamp, how === 'epoch' ? 77 : 1, how !== 'lost');
    const expected = [nameOf(spots.in.name, 'route-epoch', `agent/${stamp}`, `tenant/${tenant}`)];
    return { what: `agent’s list: ${how}`, expected, implied: [], mend: () => Promise.resolve() };
  };

const outsideResidency: Injection = async (spots) => {
  const tenant = spots.tenant(3);
  await spots.in.sql(`UPDATE tenant SET residency = '{nowhere}' WHERE id = $1`, [tenant]);
  const expected = [nameOf(spots.in.name, 'placement', `tenant/${tenant}`, 'residency'), toldOtherwise(spots, `tenant ${tenant}`)];
  return {
    what: 'tenant outside its residency',
    expected,
    implied: [],
    mend: () => spots.in.sql(`UPDATE tenant SET residency = '{}' WHERE id = $1`, [tenant]),
  };
};

const ofStamp =
  (
    what: string,
    change: string,
    back: string,
    expected: readonly string[],
    { implied = [], isTold = false }: { readonly implied?: readonly string[]; readonly isTold?: boolean } = {},
  ): Injection =>
  async (spots) => {
    const stamp = spots.stamp();
    const names = (list: readonly string[]): string[] =>
      list.map((entry) => entry.split(' ')).map(([kind, ...path]) => nameOf(spots.in.name, kind!, `stamp/${stamp}`, path.join(' ')));
    await spots.in.sql(change, [stamp]);
    const told = isTold ? [toldOtherwise(spots, `stamp ${stamp}`)] : [];
    return { what, expected: [...names(expected), ...told], implied: names(implied), mend: () => spots.in.sql(back, [stamp]) };
  };

const resource: Injection = async (spots) => {
  const stamp = spots.stamp();
  spots.in.drifted.set(stamp, [
    { resourceType: 'lapidary:local:Database', name: 'db', path: 'connectionLimit', expected: 20, observed: spots.next() },
  ]);
  const expected = [nameOf(spots.in.name, 'resource', `stamp/${stamp}`, 'lapidary:local:Database db: connectionLimit')];
  return { what: 'resource', expected, implied: [], mend: () => Promise.resolve(spots.in.drifted.clear()) };
};

const schemaTable: Injection = async (spots) => {
  const { in: at, other } = spots;
  const column = `by_hand_${spots.next()}`;
  await at.sql(`ALTER TABLE limits_document ADD COLUMN ${column} integer`);
  const expected = [
    nameOf(at.name, 'schema', `region/${other.name}`, 'table limits_document'),
    nameOf(other.name, 'schema', `region/${at.name}`, 'table limits_document'),
  ];
  return { what: 'table altered by hand', expected, implied: [], mend: () => at.sql(`ALTER TABLE limits_document DROP COLUMN ${column}`) };
};

/** Every kind of drift there is. A schema is one for a region, and so is the one definition, so one round has one of it. */
export const injections: Readonly<Record<string, Injection>> = {
  changedField,
  missingRow,
  extraRow,
  lostTombstone,
  flippedByte,
  directoryRow,
  routerEntry,
  agentLost: agentList('lost'),
  agentEpoch: agentList('epoch'),
  agentExtra: agentList('extra'),
  outsideResidency,
  dedicated: ofStamp(
    'two tenants on a dedicated stamp',
    `UPDATE stamp SET isolation = 'dedicated' WHERE name = $1`,
    `UPDATE stamp SET isolation = 'pooled' WHERE name = $1`,
    ['placement tenants'],
    { implied: ['spec isolation'], isTold: true },
  ),
  template: ofStamp(
    'template',
    `UPDATE stamp SET graph_digest = 'by-hand' WHERE name = $1`,
    `UPDATE stamp SET graph_digest = repeat('b', 64) WHERE name = $1`,
    ['template graphDigest'],
  ),
  version: ofStamp(
    'version',
    `UPDATE stamp_observation SET workload_version = '0.0.9' WHERE stamp = $1`,
    `UPDATE stamp_observation SET workload_version = '0.1.0' WHERE stamp = $1`,
    ['version workload.version', 'ring-sibling workload.version'],
  ),
  spec: ofStamp(
    'spec',
    `UPDATE stamp SET labels = '{"by": "hand"}' WHERE name = $1`,
    `UPDATE stamp SET labels = '{}' WHERE name = $1`,
    ['spec labels.by'],
    { isTold: true },
  ),
  copiedTenant: inCopy(
    'tenant in the other region’s copy',
    anyTenant,
    'UPDATE tenant SET weight = 99 WHERE id = $1',
    'UPDATE tenant SET weight = 1 WHERE id = $1',
  ),
  copiedPlacement: inCopy(
    'placement lost in the other region’s copy',
    anyTenant,
    'UPDATE placement SET is_current = false WHERE tenant = $1',
    'UPDATE placement SET is_current = true WHERE tenant = $1',
    true,
  ),
  copiedStamp: inCopy(
    'stamp in the other region’s copy',
    (spots) => `stamp ${spots.stamp()}`,
    `UPDATE stamp SET ring = 'by-hand' WHERE name = $1`,
    `UPDATE stamp SET ring = 'broad' WHERE name = $1`,
  ),
  resource,
};
export const onceARound: Readonly<Record<string, Injection>> = { schemaTable, definition };
