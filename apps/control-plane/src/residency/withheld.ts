import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';

/** What an origin owes this region of a tenant, should the tenant ever be allowed here. */
export interface Withheld {
  readonly origin: string;
  readonly epoch: number;
  readonly tenant: string;
  readonly first: number;
  readonly last: number;
}

/** A change was told without its contents, or came with them to where they must not be: only its place is kept. */
export const noteWithheld = async (tx: Tx, tenant: string, event: EventEnvelope): Promise<void> => {
  const { originregion, originepoch, originsequence } = event;
  await widenWithheld(tx, { origin: originregion, epoch: originepoch, tenant, first: originsequence, last: originsequence });
};

export const widenWithheld = async (tx: Tx, { origin, epoch, tenant, first, last }: Withheld): Promise<void> => {
  await tx.query(
    `INSERT INTO withheld_change AS w (origin, epoch, tenant, first_sequence, last_sequence) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (origin, epoch, tenant) DO UPDATE SET first_sequence = least(w.first_sequence, excluded.first_sequence),
       last_sequence = greatest(w.last_sequence, excluded.last_sequence)`,
    [origin, epoch, tenant, first, last],
  );
};

interface Row {
  readonly origin: string;
  readonly epoch: number;
  readonly tenant: string;
  readonly first_sequence: string;
  readonly last_sequence: string;
}

const withheldOf = (row: Row): Withheld => ({
  origin: row.origin,
  epoch: row.epoch,
  tenant: row.tenant,
  first: Number(row.first_sequence),
  last: Number(row.last_sequence),
});

/** One row of what an origin owes, locked; null where it owes nothing (any more). */
export const lockWithheld = async (tx: Tx, { origin, epoch, tenant }: Withheld): Promise<Withheld | null> => {
  const [row] = await rowsOf<Row>(tx, 'SELECT * FROM withheld_change WHERE origin = $1 AND epoch = $2 AND tenant = $3 FOR UPDATE', [
    origin,
    epoch,
    tenant,
  ]);
  return row ? withheldOf(row) : null;
};

/** Everything up to `through` has come. */
export const settleWithheld = async (tx: Tx, { origin, epoch, tenant, last }: Withheld, through: number): Promise<void> => {
  await tx.query(
    through >= last
      ? 'DELETE FROM withheld_change WHERE origin = $1 AND epoch = $2 AND tenant = $3 AND last_sequence <= $4'
      : 'UPDATE withheld_change SET first_sequence = $4 + 1 WHERE origin = $1 AND epoch = $2 AND tenant = $3',
    [origin, epoch, tenant, through],
  );
};

export const withheldBy = async (reader: Reader, origin: string): Promise<Withheld[]> =>
  (await rowsOf<Row>(reader, 'SELECT * FROM withheld_change WHERE origin = $1 ORDER BY tenant', [origin])).map(withheldOf);
