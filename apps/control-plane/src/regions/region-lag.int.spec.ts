import { openTwoRegions } from '../replication/testing/two-regions.js';
import { findRegion, regionViewOf } from './region-row.js';

describe('how far a region is behind another one', () => {
  let two: Awaited<ReturnType<typeof openTwoRegions>>;
  beforeAll(async () => {
    two = await openTwoRegions();
  });
  afterAll(async () => two.close());

  const lagOf = async (
    { head, applied, late }: { readonly head: number; readonly applied: string; readonly late: string },
    state: 'connected' | 'cut' = 'connected',
  ): Promise<number | null> => {
    const { eu, us } = two;
    await eu.dataSource.query(
      `INSERT INTO version_vector (origin, epoch, sequence, head, confirmed_at, applied_at, last_event_at)
       VALUES ($1, 1, 5, $2, now(), now() - $3::interval, now() - $3::interval - $4::interval)
       ON CONFLICT (origin) DO UPDATE SET sequence = 5, head = excluded.head, confirmed_at = now(), applied_at = excluded.applied_at, last_event_at = excluded.last_event_at`,
      [us.name, head, applied, late],
    );
    const row = await findRegion(eu.dataSource, us.name);
    return regionViewOf(row!, eu.name, { state, cutSince: null }, { standings: new Map(), voids: new Map() }).link.lagMs;
  };

  it('is how late the last event came, while that is news', async () =>
    expect(await lagOf({ head: 5, applied: '1 second', late: '250 milliseconds' })).toBe(250));

  it('is nothing once all of it is here, however late the last event came after a cut', async () =>
    expect(await lagOf({ head: 5, applied: '2 minutes', late: '1 hour' })).toBe(0));

  it('grows while events wait and none is taken in', async () =>
    expect(await lagOf({ head: 9, applied: '10 minutes', late: '50 milliseconds' })).toBeGreaterThanOrEqual(600_000));

  it('is not known while it is cut off', async () =>
    expect(await lagOf({ head: 5, applied: '1 second', late: '50 milliseconds' }, 'cut')).toBeNull());
});
