import { openDatabase, openWorld, type World, type WorldDatabase } from '../../test/world.js';
import { auditPage, type AuditQuery } from './audit-rows.js';

let database: WorldDatabase;
let world: World;
const at = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();

beforeAll(async () => {
  database = await openDatabase();
  world = await openWorld(database);
  // Ten in each second, of 30 people, 20 actions and 5,000 subjects.
  await world.query(
    `INSERT INTO audit (id, at, actor, action, subject, request_id)
     SELECT 'x' || lpad(n::text, 8, '0'), timestamptz '2026-01-01Z' + make_interval(secs => n / 10), 'token:p' || n % 30, 'thing.a' || n % 20,
            'tenant/t' || n % 5000, 'r' || n FROM generate_series(0, 49999) AS n`,
  );
  await world.query('ANALYZE audit');
});
afterAll(async () => {
  await world.close();
  await database.drop();
});

const listed = async (query: string): Promise<{ ids: string[]; next: string | null }> => {
  const { status, body } = await world.ask('GET', `/v1/audit?${query}`);
  expect(status).toBe(200);
  return { ids: body.items!.map(({ id }) => String(id)), next: body.next as string | null };
};
const all = async (query: string): Promise<string[]> => {
  const ids: string[] = [];
  for (let cursor = ''; ;) {
    const page = await listed(`${query}${cursor}`);
    ids.push(...page.ids);
    if (page.next === null) return ids;
    cursor = `&cursor=${page.next}`;
  }
};
const expected = (matches: (n: number) => boolean): string[] =>
  Array.from({ length: 50_000 }, (_, n) => n)
    .filter(matches)
    .reverse()
    .map((n) => `x${String(n).padStart(8, '0')}`);

it.each<[string, (n: number) => boolean]>([
  ['actor=token:p7&action=thing.a7', (n) => n % 30 === 7 && n % 20 === 7],
  ['subject=tenant/t42', (n) => n % 5_000 === 42],
  [`since=${at(100)}&until=${at(103)}`, (n) => n >= 1_000 && n < 1_030],
  [`actor=token:p3&since=${at(4_900)}`, (n) => n % 30 === 3 && n >= 49_000],
  [`action=thing.a3&until=${at(20)}`, (n) => n % 20 === 3 && n < 200],
])('by %s shows what was asked for, each row once whatever the page', async (query, matches) => {
  const whole = expected(matches);
  const own = (ids: string[]): string[] => ids.filter((id) => id.startsWith('x'));
  expect(own(await all(`${query}&limit=500`))).toEqual(whole);
  expect(own(await all(`${query}&limit=${Math.ceil(whole.length / 7)}`))).toEqual(whole);
});

it.each<Partial<AuditQuery>>([
  {},
  { actor: 'token:p7' },
  { action: 'thing.a7' },
  { subject: 'tenant/t42' },
  { since: at(100), until: at(200) },
  { actor: 'token:p7', since: at(100), until: at(2_000) },
  { actor: 'token:p7', before: '2026-01-01T00:01:00.000000 x' },
])('by %j a page costs what it shows, not a look at everything', async (query) => {
  const { sql, values } = auditPage({ limit: 50, before: null, ...query });
  const plan = await world.query<{ 'QUERY PLAN': string }>(`EXPLAIN (COSTS OFF) ${sql}`, [...values]);
  const text = plan.map((row) => row['QUERY PLAN']).join('\n');
  // A handful may be sorted.
  expect(text).toMatch(/Index Scan Backward|Bitmap Index Scan on audit_(subject|actor)/);
  expect(text).not.toMatch(/Seq Scan/);
});

it.each(['cursor=abc', 'cursor=WyJ4Il0', 'since=yesterday', `actor=${'x'.repeat(201)}`])('%s is refused', async (query) => {
  expect((await world.ask('GET', `/v1/audit?${query}`)).body.code).toBe('invalid_input');
});
