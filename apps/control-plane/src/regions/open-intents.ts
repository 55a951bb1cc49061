import type { openIntentStates } from '@lapidary/contracts/api/intents';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';

export type OpenFigures = Record<(typeof openIntentStates)[number], number> & { readonly oldestSeconds: number };

/** The queue by the region that it waits for; regions that nothing waits for are left out. */
export const openIntents = async (reader: Reader): Promise<ReadonlyMap<string, OpenFigures>> => {
  const rows = await rowsOf<{ owner: string; queued: number; sent: number; cancelling: number; oldest: number }>(
    reader,
    `SELECT owner, count(*) FILTER (WHERE state = 'queued')::int AS queued, count(*) FILTER (WHERE state = 'sent')::int AS sent,
            count(*) FILTER (WHERE state = 'cancelling')::int AS cancelling, extract(epoch FROM now() - min(created_at))::float AS oldest
       FROM intent WHERE settled_at IS NULL GROUP BY owner`,
  );
  return new Map(rows.map(({ owner, oldest, ...states }) => [owner, { ...states, oldestSeconds: Math.max(0, oldest) }]));
};
