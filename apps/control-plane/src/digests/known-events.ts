import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';
import { joinKnown, type KnownEvents } from '@lapidary/replication/digest/vector-cover';

/** How far this region knows each region's events, its own with those that are committed and wait for their number. */
export const readKnown = async (reader: Reader): Promise<KnownEvents> => {
  const rows = await rowsOf<PositionRow>(
    reader,
    // One statement: who gets a number meanwhile must not be counted nowhere.
    `SELECT origin, epoch, sequence FROM version_vector WHERE origin <> (SELECT region FROM origin)
     UNION ALL SELECT region, epoch, sequence + (SELECT count(*) FROM outbox_waiting) FROM origin`,
  );
  return knownOf(rows);
};

interface PositionRow {
  readonly origin: string;
  readonly epoch: number;
  readonly sequence: string;
}
const knownOf = (rows: readonly PositionRow[]): KnownEvents =>
  Object.fromEntries(rows.map((r) => [r.origin, { epoch: r.epoch, sequence: Number(r.sequence) }]));

/** How far what repairs have merged here may go beyond what was taken in of logs. */
export const readApart = async (reader: Reader): Promise<KnownEvents> =>
  knownOf(await rowsOf<PositionRow>(reader, 'SELECT origin, epoch, sequence FROM known_apart'));

/** Rows of a peer that knew this much are merged here: what is asked about documents later must count with that (F4 of drop-removed.ts). */
export const noteApart = async (
  tx: Tx,
  { known, apart }: { readonly known: KnownEvents; readonly apart?: KnownEvents | undefined },
): Promise<void> => {
  const rows = Object.entries(joinKnown(known, apart ?? {})).sort(([a], [b]) => (a < b ? -1 : 1));
  await tx.query(
    `INSERT INTO known_apart AS k (origin, epoch, sequence) SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[])
     ON CONFLICT (origin) DO UPDATE SET epoch = excluded.epoch, sequence = excluded.sequence WHERE (k.epoch, k.sequence) < (excluded.epoch, excluded.sequence)`,
    [rows.map(([origin]) => origin), rows.map(([, { epoch }]) => epoch), rows.map(([, { sequence }]) => sequence)],
  );
};

/** All that documents here may have in them, from logs, beyond holes too, and from repairs. */
export const readApplied = async (reader: Reader): Promise<KnownEvents> => joinKnown(await readKnown(reader), await readApart(reader));
