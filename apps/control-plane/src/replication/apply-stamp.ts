import type { StampView } from '@lapidary/contracts/api/stamps';
import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { recordStampRoute } from '../directory/record-route.js';
import { inheritsFrom } from '../regions/given-up-rows.js';
import { isRefusedNow, refusesEpoch } from './refused-epochs.js';

/** Replica of another region's stamp. Only its own region tells of it (single writer per key). */
export const applyStamp = async (tx: Tx, event: EventEnvelope, stamp: StampView): Promise<void> => {
  const isHeir = stamp.region !== event.originregion && (await inheritsFrom(tx, stamp.region, event.originregion));
  if (stamp.region !== event.originregion && !isHeir) {
    throw new AppError('poison_event', `Region ${event.originregion} told of a stamp of region ${stamp.region}`);
  }
  const [known] = await rowsOf<{ epoch: number; is_refused: boolean }>(
    tx,
    `SELECT epoch, ${isRefusedNow('stamp', 's.name')} FROM stamp s WHERE name = $1 AND region = $2 FOR UPDATE`,
    [stamp.name, stamp.region],
  );
  const { name, region, status, epoch, frontDoors } = stamp;
  const isRefused = known?.is_refused === true;
  if (known && (await refusesEpoch(tx, event, { what: 'stamp', name, held: known.epoch, told: epoch, isRefused }))) return;
  // Two regions' places can't be compared (RG6): the versions can.
  if (isHeir) await tx.query('UPDATE stamp SET origin_sequence = 0 WHERE name = $1 AND version < $2', [name, stamp.version]);
  const written = await rowsOf(
    tx,
    `INSERT INTO stamp AS s (name, region, status, cordoned, cordon_reason, ring, profile, isolation, driver, capacity_units, used_units,
       reserved_units, tenant_count, epoch, template_version, workload_version, front_doors, labels, spec, spec_digest, health,
       last_known_heartbeat_at, version, created_at, updated_at, origin_sequence, held_by_rollout, health_reason)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18::jsonb, '{}', $19, $20, $21, $22, $23, $24, $25, $26, $27)
     ON CONFLICT (name) DO UPDATE SET status = excluded.status, cordoned = excluded.cordoned, cordon_reason = excluded.cordon_reason,
       ring = excluded.ring, profile = excluded.profile, isolation = excluded.isolation, driver = excluded.driver,
       capacity_units = excluded.capacity_units, used_units = excluded.used_units, reserved_units = excluded.reserved_units,
       tenant_count = excluded.tenant_count, epoch = excluded.epoch, template_version = excluded.template_version,
       workload_version = excluded.workload_version, front_doors = excluded.front_doors, labels = excluded.labels,
       spec_digest = excluded.spec_digest, health = excluded.health, last_known_heartbeat_at = excluded.last_known_heartbeat_at,
       version = excluded.version, updated_at = excluded.updated_at, origin_sequence = excluded.origin_sequence,
       held_by_rollout = excluded.held_by_rollout, health_reason = excluded.health_reason
       WHERE s.region = excluded.region AND s.origin_sequence < excluded.origin_sequence
     RETURNING 1`,
    [
      stamp.name,
      stamp.region,
      stamp.status,
      stamp.cordoned,
      stamp.cordonReason,
      stamp.ring,
      stamp.profile,
      stamp.isolation,
      stamp.driver,
      stamp.capacity.units,
      stamp.used.units,
      stamp.reserved.units,
      stamp.tenants,
      stamp.epoch,
      stamp.templateVersion,
      stamp.workloadVersion,
      stamp.frontDoors,
      JSON.stringify(stamp.labels),
      stamp.specDigest,
      stamp.health,
      stamp.lastHeartbeatAt,
      stamp.version,
      stamp.createdAt,
      stamp.updatedAt,
      event.originsequence,
      stamp.heldBy ?? null,
      stamp.healthReason ?? null,
    ],
  );
  if (written.length === 0) return;
  await recordStampRoute(tx, { kind: 'stamp', stamp: name, region, status, epoch, frontDoors });
};
