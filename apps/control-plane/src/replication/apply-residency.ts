import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import type { EventData } from '@lapidary/contracts/events/registry';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';

/** Another region holds none of a tenant's documents any more: the home region tells them anew (retell-documents.ts). */
export const applyRemoved = async (
  tx: Tx,
  event: EventEnvelope,
  { tenant, region, through }: EventData<'lapidary.documents.removed.v1'>,
): Promise<void> => {
  if (region !== event.originregion) throw new AppError('poison_event', `Region ${event.originregion} told of a removal in ${region}`);
  await tx.query(
    `INSERT INTO document_retelling (tenant, region, through)
     SELECT t.id, $2, $3 FROM tenant t JOIN origin o ON o.region = t.home_region WHERE t.id = $1
     ON CONFLICT (tenant, region) DO UPDATE SET after = excluded.after, through = excluded.through`,
    [tenant, region, through],
  );
};

/**
 * The home region has told everything anew that this region had told before it removed it: nothing is owed by this region's own log. Only its
 * word counts, as only it is asked (applyRemoved): another one's would let documents be read that are not all here.
 */
export const applyRetold = async (
  tx: Tx,
  ownRegion: string,
  { originregion }: EventEnvelope,
  { tenant, region, through }: EventData<'lapidary.documents.retold.v1'>,
): Promise<void> => {
  if (region !== ownRegion) return;
  const [home] = await rowsOf<{ home_region: string }>(tx, 'SELECT home_region FROM tenant WHERE id = $1', [tenant]);
  if (home?.home_region !== originregion)
    throw new AppError('poison_event', `Region ${originregion} told anew the documents of ${tenant}, whose home it is not`);
  await tx.query('DELETE FROM withheld_change WHERE origin = $1 AND tenant = $2 AND last_sequence <= $3', [ownRegion, tenant, through]);
};
