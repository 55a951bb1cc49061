import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';
import { z } from 'zod';
import { allowedIn, holdResidencies } from '../residency/holding.js';

/** Ids of one answer: some 50 kB. */
const idsAtOnceMax = 1_000;

const SideSchema = z.record(z.string(), z.unknown());
/** A row of the conflict ledger as it goes from one region to another. */
export const HeldLossSchema = z.object({
  id: z.string(),
  policy: z.string(),
  subject: z.string(),
  winner: SideSchema,
  loser: SideSchema,
  cause: z.string(),
  collection: z.string().nullable(),
  tenant: z.string().nullable(),
  field: z.string().nullable(),
  detectedAt: z.iso.datetime({ offset: true }),
});
export type HeldLoss = z.infer<typeof HeldLossSchema>;

/** Rows that the region `$1` may hold (I3): those of a tenant with a residency tell what its documents held. */
const heldBy = `FROM conflict c LEFT JOIN tenant t ON t.id = c.tenant LEFT JOIN region r ON r.name = $1
  WHERE (coalesce(c.tenant, '') = '' OR ${allowedIn('t', 'r')})`;

/** Of all rows that a peer may hold, a page of ids. */
export const ledgerIds = async (reader: Reader, peer: string, after: string): Promise<string[]> =>
  (await rowsOf<{ id: string }>(reader, `SELECT c.id ${heldBy} AND c.id > $2 ORDER BY c.id LIMIT $3`, [peer, after, idsAtOnceMax])).map(
    ({ id }) => id,
  );

/** The rows of these ids that are here and that a peer may hold. */
export const ledgerRows = async (reader: Reader, peer: string, ids: readonly string[]): Promise<HeldLoss[]> => {
  const rows = await rowsOf<Omit<HeldLoss, 'detectedAt'> & { detected_at: Date }>(
    reader,
    `SELECT c.id, c.policy, c.subject, c.winner, c.loser, c.cause, c.collection, c.tenant, c.field, c.detected_at ${heldBy}
        AND c.id = ANY ($2) ORDER BY c.id`,
    [peer, ids],
  );
  return rows.map(({ detected_at, ...row }) => ({ ...row, detectedAt: detected_at.toISOString() }));
};

/** Of these ids, those that are not in the ledger here. */
export const missingInLedger = async (reader: Reader, ids: readonly string[]): Promise<string[]> =>
  (
    await rowsOf<{ id: string }>(
      reader,
      'SELECT id FROM unnest($1::text[]) AS id WHERE id NOT IN (SELECT id FROM conflict WHERE id = ANY ($1))',
      [ids],
    )
  ).map(({ id }) => id);

/** Writes rows of another region down that are not here, with when that one found them; those that must not be here are left out. Returns how many. */
export const takeLedgerRows = async (tx: Tx, rows: readonly HeldLoss[]): Promise<number> => {
  const withheld = await holdResidencies(
    tx,
    rows.flatMap(({ tenant }) => tenant ?? []),
  );
  const held = rows.filter(({ tenant }) => tenant === null || !withheld.has(tenant));
  const written = await rowsOf(
    tx,
    `INSERT INTO conflict (id, policy, subject, winner, loser, cause, collection, tenant, field, detected_at)
     SELECT id, policy, subject, winner, loser, cause, collection, tenant, field, "detectedAt"
       FROM jsonb_to_recordset($1::jsonb) AS e(id text, policy text, subject text, winner jsonb, loser jsonb, cause text, collection text,
              tenant text, field text, "detectedAt" timestamptz)
     ON CONFLICT (id) DO NOTHING RETURNING id`,
    [JSON.stringify(held)],
  );
  return written.length;
};
