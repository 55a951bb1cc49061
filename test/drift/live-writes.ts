import { isAppError } from '@lapidary/kernel/app-error';
import { Wakeup } from '@lapidary/kernel/wakeup';
import type { Random } from '../sim/random.js';
import type { WatchedRegion } from './watched-region.js';

/** Documents and tenants that are written all the time; nothing is injected into these. */
const documents = 40;
const tenants = 12;
const firstMovedStamp = 1;
/** Some 30 writes a second and region, so that looks meet writes on their way. */
const pauseMs = 20;

/** People go on working: documents are written in both regions, tenants move. Returns how to stop, and how much was written. */
export const writeOn = (regions: readonly WatchedRegion[], random: Random): (() => Promise<number>) => {
  const stop = new AbortController();
  let written = 0;
  const running = regions.map(async (region) => {
    for (let n = 0; n < tenants && !(await has(region, `${region.name}-live-${n}`)); n++)
      await region.place(`${region.name}-live-${n}`, firstMovedStamp);
    while (!stop.signal.aborted) {
      const id = `live${random.below(documents)}`;
      if (random.chance(0.2)) await deleteIfThere(region, id);
      else await region.documents.write('shop', id, { op: 'put', value: { price: random.below(1_000) } });
      if (random.chance(0.2)) await region.move(`${region.name}-live-${random.below(tenants)}`, firstMovedStamp + random.below(3));
      written += 1;
      await new Wakeup().wait(pauseMs, stop.signal);
    }
  });
  return async () => {
    stop.abort();
    await Promise.all(running);
    return written;
  };
};

/** Whether it is there changes between any look and the write: the other region deletes too. */
const deleteIfThere = async (region: WatchedRegion, id: string): Promise<void> => {
  try {
    await region.documents.write('shop', id, { op: 'delete' });
  } catch (error) {
    if (!(isAppError(error) && error.code === 'not_found')) throw error;
  }
};

const has = async (region: WatchedRegion, tenant: string): Promise<boolean> =>
  (await region.sql('SELECT 1 FROM tenant WHERE id = $1', [tenant])).length > 0;
