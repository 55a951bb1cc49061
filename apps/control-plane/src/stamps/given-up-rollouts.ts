import type { GivenUpRollout } from '@lapidary/contracts/api/rollouts';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';

/** Roll-outs whose region is lost and that a person gave up (rollouts/copy-states.ts says what is kept): here, for all who ask what stamps are held for. */

/** SQL: of the roll-outs in FROM whose id is `id`, those that nobody gave up (GU4). */
export const notGivenUp = (id: string): string => `NOT EXISTS (SELECT 1 FROM rollout_given_up g WHERE g.rollout = ${id})`;

export const givenUpOf = async (reader: Reader, rollout: string): Promise<GivenUpRollout | null> =>
  (await rowsOf<{ told: GivenUpRollout }>(reader, 'SELECT told FROM rollout_given_up WHERE rollout = $1', [rollout]))[0]?.told ?? null;

/** GU5: who said so first stands. Kept also where the roll-out itself is not known yet. */
export const keepGivenUp = async (tx: Tx, givenUp: GivenUpRollout): Promise<void> =>
  void (await tx.query('INSERT INTO rollout_given_up (rollout, told) VALUES ($1, $2::jsonb) ON CONFLICT (rollout) DO NOTHING', [
    givenUp.rollout,
    JSON.stringify(givenUp),
  ]));
