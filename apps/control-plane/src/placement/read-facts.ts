import { stampSelect, type StampRow } from '../stamps/stamp-row.js';
import type { Reader } from '@lapidary/db/transaction';
import type { StampFacts } from './facts.js';

/** Stamps with the jurisdictions of their regions, as committed at this moment. */
export const readStampFacts = async (reader: Reader): Promise<StampFacts[]> => {
  const rows: (StampRow & { jurisdiction: string })[] = await reader.query(
    `SELECT seen.*, r.jurisdiction FROM (${stampSelect} WHERE s.status <> 'retired') AS seen JOIN region r ON r.name = seen.region`,
  );
  return rows.map((row) => ({
    name: row.name,
    region: row.region,
    jurisdiction: row.jurisdiction,
    status: row.status,
    // A roll-out holds a stamp as a cordon does, and beside one.
    cordoned: row.cordoned || row.held_by_rollout !== null,
    cordonReason: row.cordoned ? row.cordon_reason : row.held_by_rollout && `being changed by roll-out ${row.held_by_rollout}`,
    health: row.health,
    healthReason: row.health_reason,
    ring: row.ring,
    isolation: row.isolation,
    capacityUnits: row.capacity_units,
    usedUnits: row.used_units,
    reservedUnits: row.reserved_units,
    tenants: row.tenant_count,
  }));
};

/** The fleet as it would be without what the tenant has now, for "what would be decided at this moment". */
export const withoutHolding = (
  stamps: readonly StampFacts[],
  holding: { readonly stamp: string; readonly units: number } | null,
): StampFacts[] =>
  stamps.map((s) => (s.name === holding?.stamp ? { ...s, usedUnits: s.usedUnits - holding.units, tenants: s.tenants - 1 } : s));
