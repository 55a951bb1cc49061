import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import type { NameClaim } from '@lapidary/replication/name-claim';

export interface ClaimedBy extends NameClaim {
  /** State of the claimant as far as it is known here; null: it stands in the tenant's own row. */
  readonly tenant: unknown;
}

const policy = 'name-claim: lowest hybrid logical time, then region id';

/**
 * Writes a name that two regions gave out into the conflict ledger, once: the same row, under the same id, in every
 * region that hears of it. Returns whether it is new here.
 */
export const recordNameConflict = async (
  tx: Tx,
  name: string,
  winner: ClaimedBy,
  loser: ClaimedBy,
  kind: 'tenant' | 'host' = 'tenant',
): Promise<boolean> => {
  const regions = [winner.region, loser.region].sort();
  const written = await rowsOf(
    tx,
    `INSERT INTO conflict (id, policy, subject, winner, loser, cause) VALUES ($1, $2, $3, $4::jsonb, $5::jsonb, $6)
     ON CONFLICT (id) DO NOTHING RETURNING 1`,
    [
      [`${kind}-name`, name, ...regions, ...(kind === 'host' ? [winner.tenant, loser.tenant].sort() : [])].join(':'),
      policy,
      `${kind}/${name}`,
      JSON.stringify(winner),
      JSON.stringify(loser),
      `${regions.join(' and ')} gave out the same name while they could not hear each other`,
    ],
  );
  return written.length > 0;
};
