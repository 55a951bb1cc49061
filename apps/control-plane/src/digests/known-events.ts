import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import type { KnownEvents } from '@lapidary/replication/digest/vector-cover';
import { readOrigin } from '../outbox/outbox-rows.js';

/** How far this region knows each region's events, its own with those that are committed and wait for their number. */
export const readKnown = async (reader: Reader): Promise<KnownEvents> => {
  const origin = await readOrigin(reader);
  const [waiting] = await rowsOf<{ count: number }>(reader, 'SELECT count(*)::int AS count FROM outbox_waiting');
  const rows = await rowsOf<{ origin: string; epoch: number; sequence: string }>(
    reader,
    'SELECT origin, epoch, sequence FROM version_vector',
  );
  return {
    ...Object.fromEntries(rows.map((r) => [r.origin, { epoch: r.epoch, sequence: Number(r.sequence) }])),
    [origin.region]: { epoch: origin.epoch, sequence: origin.sequence + (waiting?.count ?? 0) },
  };
};
