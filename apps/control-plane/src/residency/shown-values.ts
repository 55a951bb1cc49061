import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import { hasRole, type Principal } from '../auth/principal.js';
import { notHeldHere } from './holding.js';

/**
 * Of these tenants, those whose documents' values the caller must not be shown: who is no operator here sees none, a question that
 * came through another region gets none of a tenant that has a residency, since the answer would pass through there (I3), and nobody is
 * shown what must not be here, and is about to be removed.
 */
export const valuesWithheldFrom = async (
  reader: Reader,
  principal: Principal | null,
  region: string,
  tenants: readonly string[],
): Promise<ReadonlySet<string>> => {
  if (principal === null || !hasRole(principal, 'operator', region)) return new Set(tenants);
  if (principal.via !== 'peer') return await notHeldHere(reader, tenants);
  const free = await rowsOf<{ id: string }>(reader, 'SELECT id FROM tenant WHERE id = ANY ($1) AND cardinality(residency) = 0', [tenants]);
  const shown = new Set(free.map((r) => r.id));
  return new Set(tenants.filter((t) => !shown.has(t)));
};

/** One side of a conflict without its value: when and where it was written stays. */
export const sideWithoutValue = (side: unknown): unknown => {
  const { at, region } = (typeof side === 'object' && side !== null ? side : {}) as { at?: unknown; region?: unknown };
  return { at, region, withheld: true };
};
