import { rowsOf } from '@lapidary/db/rows';
import { numberOutbox } from './number-outbox.js';
import { lookedAtOnceMax, pruneOutbox } from './prune-outbox.js';
import { openTestRegion } from './testing/test-region.js';

it('all that retention lets go leaves the outbox in one round, behind whatever it keeps, however much that is (P-OB2)', async () => {
  const region = await openTestRegion();
  const { dataSource } = region;
  try {
    const tell = async (count: number, subject: string): Promise<void> =>
      await dataSource.query(
        `INSERT INTO outbox (id, hlc, type, subject, request_id, actor, data, created_at)
         SELECT $1 || n, '0', 'lapidary.stamp.updated.v1', ${subject}, 'r', 'test', '{}', now() - interval '8 days' FROM generate_series(1, $2::int) AS n`,
        [subject, count],
      );
    // More than one piece of what stays for ever stands before more than two of what goes.
    await tell(lookedAtOnceMax + 500, `'stamp/' || n`);
    await tell(2 * lookedAtOnceMax + 500, `'stamp/busy'`);
    while ((await numberOutbox(dataSource)) > 0);
    await dataSource.query('UPDATE outbox_published SET through = (SELECT sequence FROM origin)');
    const ack = `INSERT INTO peer_ack (peer, epoch, sequence) SELECT 'us', 1, sequence - $1 FROM origin
                 ON CONFLICT (peer) DO UPDATE SET sequence = excluded.sequence`;
    await dataSource.query(ack, [100]);
    expect(await pruneOutbox(dataSource, ['us'])).toBe(2 * lookedAtOnceMax + 400);
    await dataSource.query(ack, [0]);
    expect(await pruneOutbox(dataSource, ['us'])).toBe(99);
    const left = await rowsOf<{ n: number }>(dataSource, 'SELECT count(*)::int AS n FROM outbox_number');
    expect(left[0]!.n).toBe(lookedAtOnceMax + 500 + 1);
  } finally {
    await region.close();
  }
});
