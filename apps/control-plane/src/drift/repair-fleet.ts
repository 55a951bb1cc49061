import { StampSchema } from '@lapidary/contracts/api/stamps';
import { TenantSchema } from '@lapidary/contracts/api/tenants';
import { fleetTables, type FleetLook, type FleetTable } from '@lapidary/contracts/fleet-protocol';
import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { eventSchemas } from '@lapidary/contracts/events/registry';
import { HostClaimsSchema } from '@lapidary/contracts/host-claims';
import { rolledBack } from '@lapidary/db/rolled-back';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, type Tx } from '@lapidary/db/transaction';
import { AppError, toAppError } from '@lapidary/kernel/app-error';
import { regionOfHlc } from '@lapidary/kernel/hybrid-logical-clock';
import { newId } from '@lapidary/kernel/ids';
import type { Register } from '@lapidary/replication/merge/register';
import type { Position } from '@lapidary/replication/version-vector';
import { applyDefinition } from '@lapidary/replication/collections/definitions';
import { z } from 'zod';
import { PostgresCollections } from '../collections/postgres-collections.js';
import { fleetLooks } from '../digests/fleet-rows.js';
import { isUnknownForm } from '../digests/peer-digests.js';
import { PeerFleet } from '../digests/peer-fleet.js';
import type { RowRepair } from '../digests/repair-row.js';
import type { CommandContext } from '../http/command-context.js';
import { toldClaims } from '../replication/apply-hosts.js';
import { applyStamp } from '../replication/apply-stamp.js';
import { applyTenant, type ApplyTools } from '../replication/apply-tenant.js';
import { readPosition } from '../replication/peer-position.js';
import type { FindingRow } from './finding-rows.js';
import { noteRound } from './note-round.js';
import type { RepairDeps } from './repair-deps.js';

interface Target {
  readonly peer: string;
  readonly table: FleetTable;
  readonly key: string;
}

const TenantViewSchema = z.object({ tenant: TenantSchema, hlc: z.string(), claim: z.string(), hostClaims: HostClaimsSchema.optional() });
const DefinitionSchema = eventSchemas['lapidary.collection.defined.v1'];

const refused = (why: string): RowRepair => ({ outcome: 'refused', why });
const later = (why: string): RowRepair => ({ outcome: 'refused', why, passes: true });

const targetOf = ({ subject, path }: FindingRow): Target | null => {
  const [, peer] = /^region\/([a-z0-9-]+)$/.exec(subject) ?? [];
  const [, table, key] = /^(definition|stamp|tenant) (.+)$/.exec(path) ?? [];
  const known = fleetTables.find((t) => t === table);
  return peer !== undefined && known !== undefined && key !== undefined ? { peer, table: known, key } : null;
};

/**
 * Puts one stamp, tenant or definition here right as the region says whose it is. Nothing is taken away that its owner does not have, an epoch never
 * goes down (I1), and what the row is then must be what its owner's digest says (P2); else all of it is taken back.
 */
export const repairFleetRow = async (
  deps: RepairDeps,
  context: CommandContext,
  finding: FindingRow,
  dryRun: boolean,
): Promise<RowRepair> => {
  const target = targetOf(finding);
  const link = target && deps.links.get(target.peer);
  if (!target || !link) return refused(`there is no link to the region of ${finding.subject}`);
  const { dataSource } = deps;
  const noted = async (repair: RowRepair): Promise<RowRepair> => {
    if (!dryRun) await inTransaction(dataSource, async (tx) => noteRound(tx, context, finding, repair));
    return repair;
  };
  const asked = await new PeerFleet(deps.region, target.peer, link)
    .looks(target.table, [target.key], { views: true })
    .catch((error: unknown) => toAppError(error));
  if (asked instanceof AppError)
    return isUnknownForm(asked) ? await noted(refused(asked.message)) : { ...refused(asked.message), away: [target.peer] };
  const repair = settled(deps, context, target, asked.looks[0]!, asked.known[target.peer]);
  if (typeof repair !== 'function') return await noted(repair);
  try {
    return dryRun
      ? await rolledBack(dataSource, repair)
      : await inTransaction(dataSource, async (tx) => {
          const result = await repair(tx);
          await noteRound(tx, context, finding, result);
          return result;
        });
  } catch (error) {
    // All of it was taken back, and will be the next time, too: it was a round.
    return await noted(refused(toAppError(error).message));
  }
};

type Work = (tx: Tx) => Promise<RowRepair>;

/** What is to be done with what the owner has of it, or why nothing is. */
const settled = (
  deps: RepairDeps,
  context: CommandContext,
  target: Target,
  theirs: FleetLook,
  at: Position | undefined,
): RowRepair | Work => {
  if (theirs.held) return later('an event of it is parked or waits there');
  if (theirs.digest === null) return refused(`${target.peer} has none of it, and nothing is taken away here: a person has to look`);
  if (!at) return refused('what the peer sent can’t be read');
  return async (tx) => {
    // Nothing of the peer is taken in meanwhile, as by whoever reads its log.
    const position = await readPosition(tx, target.peer, { lock: true });
    if (position.epoch !== at.epoch) return later(`${target.peer} has begun another epoch, whose events come first`);
    const before = await ownDigest(tx, target);
    if (before === theirs.digest) return { outcome: 'unchanged', why: 'it has come right meanwhile', passes: true };
    const told = envelopeOf(target, at, context);
    const outcome = await writers[target.table](tx, deps, context, target, theirs.view, told);
    if (outcome !== null) return outcome;
    const after = await ownDigest(tx, target);
    if (after === theirs.digest) return { outcome: target.table === 'definition' ? 'merged' : 'restored', why: null };
    if (target.table === 'definition' && after !== before) return { outcome: 'merged', why: `${target.peer} has to take ours too` };
    if (target.table === 'definition') return { outcome: 'unchanged', why: `ours knows all of it; ${target.peer} has to take ours` };
    throw new AppError(
      'illegal_transition',
      'It would be otherwise than its region says: its epoch here is higher, or a name of it is another’s',
    );
  };
};

type Writer = (
  tx: Tx,
  deps: RepairDeps,
  context: CommandContext,
  target: Target,
  view: unknown,
  told: EventEnvelope,
) => Promise<RowRepair | null>;

/** As the newest event of its owner would write it. What was told anew since the owner was asked is newer, and stays. */
const writers: Readonly<Record<FleetTable, Writer>> = {
  stamp: async (tx, _deps, _context, { peer, key }, view, told) => {
    const stamp = StampSchema.safeParse(view);
    if (!stamp.success || stamp.data.name !== key) return refused('what the peer sent can’t be read');
    const lifted = await liftGuard(tx, 'stamp', 'name', 'region', key, peer, told.originsequence);
    if (lifted !== null) return lifted;
    await applyStamp(tx, told, stamp.data);
    return null;
  },
  tenant: async (tx, { region, tools }, _context, { peer, key }, view, told) => {
    const read = TenantViewSchema.safeParse(view);
    if (!read.success || read.data.tenant.id !== key) return refused('what the peer sent can’t be read');
    const { tenant, hlc } = read.data;
    const claims = toldClaims(tenant, read.data.claim, read.data.hostClaims);
    const lifted = await liftGuard(tx, 'tenant', 'id', 'home_region', key, peer, told.originsequence);
    // A copy of another region's that lost the name to this one gives way by the rule of names, as it does to an event.
    if (lifted !== null && !(await isCopyOfThird(tx, key, [region, peer]))) return lifted;
    const suspendLoser: ApplyTools['suspendLoser'] = () => Promise.reject(new AppError('name_taken', `Tenant ${key} is of two regions`));
    await applyTenant(tx, { ...told, hlc }, tenant, claims, { collections: tools, region, suspendLoser, onConflict: () => undefined });
    return null;
  },
  definition: async (tx, { region, tools }, context, { peer, key }, view) => {
    const read = DefinitionSchema.safeParse({ collection: key, definition: view });
    if (!read.success) return refused('what the peer sent can’t be read');
    const store = new PostgresCollections(tx, tools.clock, { ...context, region });
    const theirs = read.data.definition as unknown as Register;
    const own = await store.definition(key);
    if (own) await store.saveDefinition(key, asWritten(own, theirs, peer));
    await applyDefinition(store, key, theirs);
    return null;
  },
};

/** One write has one value. Where there are two of it, its writer's own is it: a merge, which must not know who is who, would keep either. */
const asWritten = (own: Register, theirs: Register, peer: string): Register => ({
  ...own,
  siblings: own.siblings.map((sibling) => {
    const written = theirs.siblings.find((s) => s.at === sibling.at);
    return written && regionOfHlc(sibling.at) === peer ? written : sibling;
  }),
});

/** The guard against older events is lifted for this one write. Text: why not. */
const liftGuard = async (
  tx: Tx,
  table: 'stamp' | 'tenant',
  id: string,
  owner: string,
  key: string,
  peer: string,
  sequence: number,
): Promise<RowRepair | null> => {
  const [row] = await rowsOf<{ owner: string; sequence: string }>(
    tx,
    `SELECT ${owner} AS owner, origin_sequence AS sequence FROM ${table} WHERE ${id} = $1 FOR NO KEY UPDATE`,
    [key],
  );
  if (!row) return null;
  if (row.owner !== peer) return refused(`here it is of region ${row.owner}`);
  if (Number(row.sequence) > sequence) return later('it was told anew meanwhile');
  await tx.query(`UPDATE ${table} SET origin_sequence = 0 WHERE ${id} = $1`, [key]);
  return null;
};

const isCopyOfThird = async (tx: Tx, tenant: string, regions: readonly string[]): Promise<boolean> =>
  (await rowsOf(tx, 'SELECT 1 FROM tenant WHERE id = $1 AND home_region <> ALL ($2)', [tenant, regions])).length > 0;

const ownDigest = async (tx: Tx, { peer, table, key }: Target): Promise<string | null> =>
  (await fleetLooks(tx, peer, table, [key]))[0]!.digest;

/** Never published: a repair is between two regions. Its place is that of the newest event which the owner's row has in it. */
const envelopeOf = ({ peer, table, key }: Target, { epoch, sequence }: Position, context: CommandContext): EventEnvelope => ({
  ...{
    specversion: '1.0',
    id: `repair.${newId()}`,
    source: `/regions/${peer}`,
    type: `lapidary.${table}.updated.v1`,
    subject: `${table}/${key}`,
  },
  ...{ time: new Date().toISOString(), originregion: peer, originepoch: epoch, originsequence: sequence, hlc: '' },
  ...{ requestid: context.requestId, actor: context.actor, data: {} },
});
