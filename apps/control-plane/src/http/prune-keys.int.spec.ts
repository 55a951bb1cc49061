import { noNats, openDatabase, openWorld, type World, type WorldDatabase } from '../../test/world.js';
import { domainFeatures } from '../process/features.js';
import { pruneKeys } from './prune-keys.js';

const keptDays = 30;
const old = 12_000;

describe('answers under idempotency keys', () => {
  let database: WorldDatabase;
  let world: World;

  beforeAll(async () => {
    database = await openDatabase();
    world = await openWorld(database, { features: domainFeatures, natsUrl: noNats });
    await world.query(
      `INSERT INTO idempotency_key (principal, tenant, key, request_hash, status, body, created_at)
       SELECT 'token:ann', CASE WHEN n % 2 = 0 THEN 'acme' ELSE '' END, 'k' || n, 'h', 201, '{}'::jsonb, now() - make_interval(days => $1 + 1) FROM generate_series(1, $2) n
       UNION ALL SELECT 'token:ann', 'acme', 'young', 'h', 201, '{}'::jsonb, now() - make_interval(days => $1 - 1)`,
      [keptDays, old],
    );
  });
  afterAll(async () => {
    await world?.close();
    await database?.drop();
  });

  it('are found for as long as is written down, and then go, however many there are', async () => {
    expect(await pruneKeys(world.resources.dataSource, keptDays)).toBe(old);
    expect(await world.query('SELECT key FROM idempotency_key')).toEqual([{ key: 'young' }]);
    expect(await pruneKeys(world.resources.dataSource, keptDays)).toBe(0);
  });
});
