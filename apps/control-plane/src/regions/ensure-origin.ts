import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { newId } from '@lapidary/kernel/ids';

/** At the first start this database becomes an origin of events: epoch 1, and an identity for the directory's cursors. */
export const ensureOrigin = async (tx: Tx, region: string): Promise<void> => {
  await tx.query(`INSERT INTO origin (region, generation) VALUES ($1, $2) ON CONFLICT DO NOTHING`, [region, newId()]);
  const [origin]: { region: string }[] = await tx.query(`SELECT region FROM origin`);
  if (origin?.region === region) return;
  throw new AppError(
    'config_invalid',
    `The database of LAPIDARY_DATABASE_URL belongs to region ${origin?.region}, not to ${region} (LAPIDARY_REGION)`,
  );
};
