import type { LimitsView } from '@lapidary/contracts/api/limits';
import { defaultLimits, LimitsDocumentSchema, type LimitsDocument } from '@lapidary/contracts/limits';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { recordAudit } from '../audit/record-audit.js';
import type { CommandContext } from '../http/command-context.js';
import { requireMatch } from '../http/etag.js';
import { assertOwnRegion } from '../regions/single-writer.js';

interface LimitsRow {
  readonly version: number;
  readonly document: unknown;
  readonly changed_by: string;
  readonly reason: string | null;
  readonly changed_at: Date;
}

const viewOf = (region: string, row: LimitsRow | undefined): LimitsView =>
  row
    ? {
        region,
        version: row.version,
        changedBy: row.changed_by,
        changedAt: row.changed_at.toISOString(),
        reason: row.reason,
        document: LimitsDocumentSchema.parse(row.document),
      }
    : { region, version: 0, changedBy: null, changedAt: null, reason: null, document: defaultLimits };

const columns = 'version, document, changed_by, reason, changed_at';

export const readLimits = async (db: Pick<Tx, 'query'>, region: string): Promise<LimitsView> => {
  const [row] = await rowsOf<LimitsRow>(db, `SELECT ${columns} FROM limits_document WHERE region = $1`, [region]);
  return viewOf(region, row);
};

/** Replaces the whole document; what is equal to the present one changes nothing. Single writer: the region itself. */
export const writeLimits = async (
  tx: Tx,
  context: CommandContext,
  change: { readonly region: string; readonly document: LimitsDocument; readonly ifMatch: string | undefined },
): Promise<LimitsView> => {
  const { region, document, ifMatch } = change;
  assertOwnRegion(context, region, 'the limits');
  // There may be no row yet: the region's own row is what two writers meet at.
  await tx.query('SELECT 1 FROM region WHERE name = $1 FOR UPDATE', [region]);
  const before = await readLimits(tx, region);
  requireMatch(ifMatch, before.version);
  const written = await rowsOf<LimitsRow>(
    tx,
    `INSERT INTO limits_document AS l (region, version, document, changed_by, reason) VALUES ($1, 1, $2::jsonb, $3, $4)
     ON CONFLICT (region) DO UPDATE
       SET version = l.version + 1, document = excluded.document, changed_by = excluded.changed_by, reason = excluded.reason,
           changed_at = clock_timestamp()
       WHERE l.document IS DISTINCT FROM excluded.document
     RETURNING ${columns}`,
    [region, JSON.stringify(document), context.actor, context.reason],
  );
  if (written.length === 0) return before;
  await recordAudit(tx, context, 'limits.set', `limits/${region}`, { before: before.document, after: document });
  return viewOf(region, written[0]);
};
