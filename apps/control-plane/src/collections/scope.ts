import type { Definition } from '@lapidary/contracts/events/collection-events';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { Principal } from '../auth/principal.js';

export interface Asked {
  readonly principal: Principal;
  /** From the query, or the header that a stamp's agent sets. */
  readonly tenant: string | undefined;
}

interface TenantRow {
  readonly stamp: string | null;
  readonly residency: readonly string[];
  readonly outside: string | null;
}

/**
 * Whose documents a call is about, after it was found allowed: '' in a collection of the fleet. A stamp's token reaches the
 * tenants that the stamp holds at this moment, wherever they came from; when a tenant moves, so does the right. A tenant
 * that may not be everywhere can't have documents that are replicated everywhere (I3).
 */
export const scopeOf = async (reader: Reader, definition: Pick<Definition, 'scope'>, { principal, tenant }: Asked): Promise<string> => {
  if (definition.scope === 'fleet') {
    if (principal.stamp !== undefined) throw new AppError('forbidden', 'A stamp’s token reaches documents of its tenants only');
    if (tenant !== undefined) throw new AppError('invalid_input', 'This collection is the fleet’s: its documents belong to no tenant');
    return '';
  }
  if (tenant === undefined) throw new AppError('invalid_input', 'Say whose documents are meant: ?tenant=<id>');
  const [row] = await rowsOf<TenantRow>(
    reader,
    `SELECT p.stamp, t.residency,
            (SELECT min(r.name) FROM region r WHERE NOT (r.name = ANY (t.residency) OR r.jurisdiction = ANY (t.residency))) AS outside
       FROM tenant t LEFT JOIN placement p ON p.tenant = t.id AND p.is_current
      WHERE t.id = $1 AND t.status <> 'deleted'`,
    [tenant],
  );
  if (principal.stamp !== undefined && row?.stamp !== principal.stamp) {
    throw new AppError('forbidden', `Stamp ${principal.stamp} does not hold tenant ${tenant}`);
  }
  if (!row) throw new AppError('not_found', `There is no tenant ${tenant}`);
  if (row.residency.length > 0 && row.outside !== null) {
    throw new AppError('residency_conflict', `Documents are replicated to every region, and ${tenant} may not be in ${row.outside}`);
  }
  return tenant;
};
