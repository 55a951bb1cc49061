import type { StampView } from '@lapidary/contracts/api/stamps';
import type { StampSpec } from '@lapidary/contracts/stamp-spec';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { digestOf } from '@lapidary/kernel/canonical-json';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { nextState } from '@lapidary/kernel/transition-table';
import type { CommandContext } from '../http/command-context.js';
import { notifyCapacity } from '../regions/capacity-channel.js';
import { assertOwnRegion } from '../regions/single-writer.js';
import { recordStampChange } from './record-stamp.js';
import type { StampRow } from './stamp-row.js';
import { stampTransitions } from './stamp-states.js';
import { getStamp, lockStamp } from './stamp-store.js';

/**
 * Makes the stamp that `spec` describes known, before anything of it is built. A stamp that failed is built anew; one
 * that serves goes on serving, with the new spec (see updateStampSpec for what may not change under its tenants).
 */
export const declareStamp = async (tx: Tx, context: CommandContext, clock: HybridLogicalClock, spec: StampSpec): Promise<StampView> => {
  assertOwnRegion(context, spec.region, `stamp ${spec.name}`);
  const created: unknown[] = await tx.query(
    `INSERT INTO stamp (name, region, status, ring, profile, isolation, driver, capacity_units, labels, spec, spec_digest)
     VALUES ($1, $2, 'provisioning', $3, $4, $5, $6, $7, $8::jsonb, $9::jsonb, $10) ON CONFLICT (name) DO NOTHING RETURNING name`,
    [spec.name, spec.region, ...specColumns(spec)],
  );
  if (created.length > 0) return await recordStampChange(tx, context, clock, 'lapidary.stamp.declared.v1', spec.name, { spec });
  const row = await getLocked(tx, spec.name);
  if (row.status === 'retired')
    throw new AppError('name_taken', `${spec.name} is retired; names of retired stamps are not given out again`);
  const status = nextState(stampTransitions, row.status, 'declare');
  if (status !== row.status) await tx.query(`UPDATE stamp SET status = $2 WHERE name = $1`, [spec.name, status]);
  return await writeSpec(tx, context, clock, row, spec, status === 'active' ? 'lapidary.stamp.updated.v1' : 'lapidary.stamp.declared.v1');
};

/** Changes what a known stamp should be. Its capacity can't go below what its tenants have, nor its isolation change under them. */
export const updateStampSpec = async (tx: Tx, context: CommandContext, clock: HybridLogicalClock, spec: StampSpec): Promise<StampView> => {
  assertOwnRegion(context, spec.region, `stamp ${spec.name}`);
  return await writeSpec(tx, context, clock, await getLocked(tx, spec.name), spec, 'lapidary.stamp.updated.v1');
};

const getLocked = async (tx: Tx, name: string): Promise<StampRow> => {
  const row = await lockStamp(tx, name);
  if (!row) throw new AppError('not_found', `There is no stamp ${name}`);
  return row;
};

const writeSpec = async (
  tx: Tx,
  context: CommandContext,
  clock: HybridLogicalClock,
  row: StampRow,
  spec: StampSpec,
  type: 'lapidary.stamp.declared.v1' | 'lapidary.stamp.updated.v1',
): Promise<StampView> => {
  refuseUnderTenants(row, spec);
  await tx.query(
    `UPDATE stamp SET ring = $2, profile = $3, isolation = $4, driver = $5, capacity_units = $6, labels = $7::jsonb, spec = $8::jsonb,
            spec_digest = $9, version = version + 1, updated_at = now() WHERE name = $1`,
    [spec.name, ...specColumns(spec)],
  );
  if (spec.capacity.units > row.capacity_units) await notifyCapacity(tx, spec.region);
  return await recordStampChange(tx, context, clock, type, spec.name, { before: row.spec, after: spec });
};

const specColumns = (spec: StampSpec): unknown[] => [
  spec.ring,
  spec.profile,
  spec.isolation,
  spec.driver,
  spec.capacity.units,
  JSON.stringify(spec.labels),
  JSON.stringify(spec),
  digestOf(spec),
];

/** I2 under a change of capacity; and a tenant that paid for isolation keeps it. */
const refuseUnderTenants = (row: StampRow, spec: StampSpec): void => {
  const taken = row.used_units + row.reserved_units;
  if (spec.capacity.units < taken) {
    const message = `${spec.name} holds tenants of ${taken} units; its capacity can't go down to ${spec.capacity.units}`;
    throw new AppError('spec_invalid', message, { fields: [{ path: 'capacity.units', message }] });
  }
  if (spec.isolation !== row.isolation && row.tenant_count > 0) {
    const message = `${spec.name} has ${row.tenant_count} tenants; its isolation can't change from ${row.isolation} to ${spec.isolation} under them`;
    throw new AppError('spec_invalid', message, { fields: [{ path: 'isolation', message }] });
  }
};

/** For jobs: the spec as last declared. */
export const readStampSpec = async (tx: Tx, name: string): Promise<StampSpec> => (await getStamp(tx, name)).spec;
