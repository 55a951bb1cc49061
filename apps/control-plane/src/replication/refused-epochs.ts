import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';
import type { EventEnvelope } from '@lapidary/contracts/events/envelope';

/** Whose epoch a peer told lower than it is known here. */
export interface RefusedEpoch {
  readonly what: 'stamp' | 'tenant';
  readonly name: string;
  readonly origin: string;
  /** As this region holds it, and as it was told. */
  readonly held: number;
  readonly told: number;
}

/** Whether something is refused of the row `of` at this moment: read with the row itself, so that what is in order costs no statement. */
export const isRefusedNow = (what: RefusedEpoch['what'], of: string): string =>
  `EXISTS (SELECT 1 FROM refused_epoch r WHERE r.what = '${what}' AND r.name = ${of}) AS is_refused`;

/**
 * I1, I4: an epoch of a stamp or a placement never goes down, whatever its region tells: one that was set back and has not noticed, or whose
 * epoch was raised by hand, would have requests routed to where the tenant was. Refused, and kept to be shown until that region tells of it
 * under an epoch that is not below; true where it is refused. A log that is read anew from its beginning passes through its old epochs, and ends so.
 */
export const refusesEpoch = async (
  tx: Tx,
  { originregion: origin, type }: EventEnvelope,
  refused: Omit<RefusedEpoch, 'origin'> & { readonly isRefused: boolean },
): Promise<boolean> => {
  const { what, name, held, told, isRefused } = refused;
  // This region's own word, as others kept it: it is raised to what is here (recover-fleet.ts).
  if (type === 'lapidary.recovered.v1') return false;
  if (told >= held) {
    if (isRefused) await tx.query('DELETE FROM refused_epoch WHERE what = $1 AND name = $2', [what, name]);
    return false;
  }
  await tx.query(
    `INSERT INTO refused_epoch (what, name, origin, held, told) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (what, name) DO UPDATE SET origin = excluded.origin, held = excluded.held, told = excluded.told, times = refused_epoch.times + 1`,
    [what, name, origin, held, told],
  );
  return true;
};

/** What is refused at this moment. */
export const refusedEpochs = async (reader: Reader): Promise<RefusedEpoch[]> =>
  await rowsOf<RefusedEpoch>(reader, 'SELECT what, name, origin, held, told FROM refused_epoch ORDER BY what, name');
