import type { Definition } from '@lapidary/contracts/events/collection-events';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { requireRole, type Principal } from '../auth/principal.js';
import { allowedIn, lockResidency } from '../residency/holding.js';

export interface Asked {
  readonly principal: Principal;
  /** From the query, or the header that a stamp's agent sets. */
  readonly tenant: string | undefined;
}

interface TenantRow {
  readonly stamp: string | null;
  readonly own: string;
  readonly home: string;
  readonly allowed: boolean;
  readonly incomplete: boolean;
}

/**
 * Whose documents a call is about, after it was found allowed: '' in a collection of the fleet. A stamp's token reaches the tenants
 * that the stamp holds at this moment, wherever they came from; when a tenant moves, so does the right. People need the role of an
 * operator here: documents are what tenants' customers wrote. A region that the residency leaves out has none (I3), and one that was
 * allowed lately answers once it has what it was not told before: a write on half of a state would lose the other half.
 */
export const scopeOf = async (
  db: Tx | Reader,
  definition: Pick<Definition, 'scope'>,
  { principal, tenant }: Asked,
  purpose: 'read' | 'write',
): Promise<string> => {
  // Every region answers for documents itself. Through another one they would pass a place where they may not be (I3).
  if (principal.via === 'peer') throw new AppError('forbidden', 'Documents are asked for in a region, not through another one');
  if (definition.scope === 'fleet') {
    if (principal.stamp !== undefined) throw new AppError('forbidden', 'A stamp’s token reaches documents of its tenants only');
    if (tenant !== undefined) throw new AppError('invalid_input', 'This collection is the fleet’s: its documents belong to no tenant');
    return '';
  }
  if (tenant === undefined) throw new AppError('invalid_input', 'Say whose documents are meant: ?tenant=<id>');
  if (purpose === 'write') await lockResidency(db as Tx, tenant, 'shared');
  const [row] = await rowsOf<TenantRow>(
    db,
    `SELECT p.stamp, o.region AS own, t.home_region AS home, ${allowedIn('t', 'r')} AS allowed,
            EXISTS (SELECT 1 FROM withheld_change w WHERE w.tenant = t.id)
              OR EXISTS (SELECT 1 FROM document_removal m WHERE m.tenant = t.id AND m.state <> 'removed') AS incomplete
       FROM tenant t CROSS JOIN origin o LEFT JOIN region r ON r.name = o.region
       LEFT JOIN placement p ON p.tenant = t.id AND p.is_current
      WHERE t.id = $1 AND t.status <> 'deleted'`,
    [tenant],
  );
  if (principal.stamp === undefined && row) requireRole(principal, 'operator', row.own);
  if (principal.stamp !== undefined && row?.stamp !== principal.stamp) {
    throw new AppError('forbidden', `Stamp ${principal.stamp} does not hold tenant ${tenant}`);
  }
  if (!row) throw new AppError('not_found', `There is no tenant ${tenant}`);
  if (!row.allowed)
    throw new AppError('residency_conflict', `Documents of ${tenant} may not be in ${row.own}; ask in ${row.home}`, {
      details: { region: row.own, homeRegion: row.home },
    });
  if (row.incomplete)
    throw new AppError('not_yet_here', `Documents of ${tenant} may be in ${row.own} since lately, and have not all arrived`, {
      retryAfterSeconds: 1,
    });
  return tenant;
};
