/**
 * Tenants created per second through the API of one region, at several concurrencies. Each create is one transaction with
 * decision, placement, reservation, audit, event, route and idempotency key. Peer: the same Postgres committing one bare
 * row per transaction with as many connections, measured in turn with it.
 */
import pg from 'pg';
import { post, provisionBigStamp, startOwnFleet, type OwnFleet } from './own-fleet.ts';
import { report, type Measurement } from './report.ts';

const concurrencies = [1, 8, 32];
const rounds = 5;
const perRound = 300;

const inParallel = async (concurrency: number, total: number, one: (i: number) => Promise<void>): Promise<number> => {
  let next = 0;
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (next < total) await one(next++);
    }),
  );
  return total / ((performance.now() - begun) / 1000);
};

const creates = (fleet: OwnFleet, prefix: string, concurrency: number): Promise<number> =>
  inParallel(concurrency, perRound, async (i) => {
    const answer = await post(fleet, 'eu', '/v1/tenants', { id: `${prefix}-${i}`, region: 'eu' });
    if (answer.status !== 201) throw new Error(`create answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  });

const bareRows = async (pool: pg.Pool, concurrency: number): Promise<number> =>
  inParallel(concurrency, perRound, async (i) => void (await pool.query('INSERT INTO bench_row (n) VALUES ($1)', [i])));

const fleet = await startOwnFleet('creates', { fresh: true });
const pool = new pg.Pool({ connectionString: fleet.run.regions.eu!.postgres, max: Math.max(...concurrencies) });
try {
  await provisionBigStamp(fleet);
  await pool.query('CREATE TABLE bench_row (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int)');
  const measurements: Measurement[] = [];
  for (const concurrency of concurrencies) {
    const [ours, bare]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      ours.push(await creates(fleet, `c${concurrency}r${round}`, concurrency));
      bare.push(await bareRows(pool, concurrency));
    }
    const metric = `${concurrency} at once`;
    measurements.push(
      { subject: 'bare one-row commits', metric, unit: '1/s', samples: bare },
      { subject: 'tenant creates', metric, unit: '1/s', samples: ours, peer: 'bare one-row commits' },
    );
  }
  report('creates', 'npm run bench:creates', measurements);
} finally {
  await pool.end();
  await fleet.stop();
}
