import type { IntentView } from '@lapidary/contracts/api/intents';
import type { TenantView } from '@lapidary/contracts/api/tenants';
import type { RecoveryView } from '@lapidary/contracts/api/recovery';
import { waitFor } from '@lapidary/kernel/wait-for';
import type { DatabaseBackup } from '@lapidary/testing/backends';
import { noteRegress } from '@lapidary/testing/note-regress';
import { proves } from '@lapidary/testing/proves';
import { provisionFirstStamp } from '../../tools/local/provision-first-stamp.js';
import type { ApiAnswer } from '../e2e/api-client.js';
import { throughRouter } from '../e2e/router-client.js';
import { missing } from './agreement.js';
import { agreed, furnishGeodes } from './apart-and-together.js';
import { Geodes } from './geodes.js';
import { OrdinaryWork } from './ordinary-work.js';
import { killedAt, type Place } from './killed-at.js';
import { asked } from './region-rows.js';
import { Writer, type Acknowledged } from './writers.js';

/**
 * A region whose database was restored from a backup (recovery-states.ts has the table, and B1 to B6), as processes: its control plane is
 * ended by kill -9 at each of its steps, and what it was at is done by the next one.
 *
 *   state       | killed
 *   ------------|----------------------------------------------------------------------------------------------
 *   suspected   | while nobody can be heard
 *   reconciling | in the midst of tenants; in the midst of documents; with one region heard and the other cut off
 *   retelling   | in the midst of telling; in the midst of beginning the epoch
 *   holding     | opened by a person without a region; in the midst of merging what that region holds
 *   sound       | right after it opened
 */
const caseMs = 400_000;
const timeoutMs = 60_000;
const regions = ['eu', 'us', 'ap'];
const peers = ['us', 'ap'];

let geodes: Geodes;
let done: Acknowledged;
let backup: DatabaseBackup;

const host = (tenant: string): string => `${tenant}.lapidary.localhost`;
const through = async (tenant: string): Promise<number | undefined> =>
  (await throughRouter(geodes.router('eu'), host(tenant), '/api/whoami').catch(() => null))?.status;
const served = (tenant: string): Promise<unknown> =>
  waitFor(`${tenant} to be served`, async () => (await through(tenant)) === 200 || undefined, { timeoutMs });
const create = async (id: string): Promise<ApiAnswer> =>
  await geodes.api('eu').post('/v1/tenants', { id, region: 'eu' }, { idempotencyKey: id });
const codeOf = ({ status, body }: ApiAnswer): unknown => [status, (body as { code?: string }).code];
const tenantIn = async (region: string, id: string): Promise<TenantView | null> => {
  const { status, body } = await geodes.api(region).get(`/v1/tenants/${id}`);
  return status === 200 ? (body as TenantView) : null;
};
const geode = async (): Promise<{ epoch: number; recovery: RecoveryView | null } | null> => {
  const answer = await geodes
    .api('eu')
    .get('/v1/geode')
    .catch(() => null);
  return answer?.status === 200 ? (answer.body as { epoch: number; recovery: RecoveryView | null }) : null;
};
const isIn = async (state: string): Promise<void> => {
  await waitFor(
    `eu to be ${state}`,
    async () => {
      const now = await geode();
      return (now !== null && (now.recovery?.state ?? 'sound') === state) || undefined;
    },
    { timeoutMs },
  );
};
const placements = async (region: string): Promise<string> =>
  JSON.stringify(
    await asked(
      geodes,
      region,
      `SELECT t.id, t.status, t.version, p.stamp, p.epoch FROM tenant t LEFT JOIN placement p ON p.tenant = t.id AND p.is_current
        WHERE t.home_region = 'eu' ORDER BY t.id`,
    ),
  );
const link = (state: 'cut' | 'open', ...to: string[]): void => to.forEach((peer) => geodes.break('eu', peer, state));
const killed = async (place: Place, meanwhile?: () => Promise<void> | void): Promise<void> => killedAt(geodes, 'eu', place, meanwhile);
const isHeard = (peer: string): Promise<unknown> =>
  waitFor(
    `${peer} to be reconciled`,
    async () => (await asked(geodes, 'eu', `SELECT 1 FROM recovery_peer WHERE peer = '${peer}' AND reconciled_at IS NOT NULL`))[0],
    { timeoutMs },
  );

/** Where each step can be held. */
const tenants: Place = { rows: `SELECT 1 FROM tenant WHERE id = 'early' FOR UPDATE`, statement: /FROM tenant WHERE id = \$1 FOR UPDATE/ };
const documents = (id: string): Place => ({
  rows: `SELECT 1 FROM document WHERE collection = 'attributes' AND id = '${id}' FOR UPDATE`,
  statement: /FROM document/,
});
const telling: Place = { rows: 'SELECT 1 FROM recovery_found FOR UPDATE', statement: /DELETE FROM recovery_found/ };
const opening: Place = { rows: 'SELECT 1 FROM origin FOR UPDATE', statement: /SELECT epoch FROM origin FOR UPDATE/ };

/** What everybody must hold once eu is through: all that anybody had heard of it. */
const nothingIsLost = async (epoch: number | null): Promise<void> => {
  await isIn('sound');
  const now = (await geode())!.epoch;
  // Opened without a region it is one that this one can't know (B2).
  if (epoch === null) expect(now).toBeGreaterThan(1_000_000);
  else expect(now).toBe(epoch);
  for (const [, seen] of await agreed(geodes)) expect(missing(seen, done)).toEqual([]);
  const own = await placements('eu');
  for (const peer of peers)
    await waitFor(
      `${peer} to hold the same placements`,
      async () => JSON.stringify(await placements(peer)) === JSON.stringify(own) || undefined,
      {
        timeoutMs,
      },
    );
  for (const peer of peers) expect(await asked(geodes, peer, 'SELECT what FROM went_down')).toEqual([]);
};

/** After its backup: documents, sales, and tenants, all of which the others have heard. */
const writeOn = async (seed: number, tenant: string): Promise<void> => {
  await new Writer('eu', geodes.client('eu'), done, seed).write(60);
  await geodes.client('eu').patch('attributes', 'touched', { by: seed });
  expect((await create(tenant)).status).toBe(201);
  await served(tenant);
  await agreed(geodes);
  for (const peer of peers)
    await waitFor(`${peer} to know ${tenant}`, async () => (await tenantIn(peer, tenant))?.placement ?? undefined, { timeoutMs });
};

beforeAll(async () => {
  geodes = await Geodes.start('restored', regions, { stamps: true, inMemory: true });
  await provisionFirstStamp({ api: geodes.apiUrl('eu'), token: geodes.token }, 'eu-1', () => undefined);
  done = await furnishGeodes(geodes);
  await geodes.client('eu').put('attributes', 'touched', { by: 0 });
  await geodes.client('eu').put('attributes', 'alone', {});
  expect((await create('early')).status).toBe(201);
  await served('early');
  await agreed(geodes);
  for (const peer of peers) await asked(geodes, peer, noteRegress);
  backup = await geodes.backUp('eu');
}, caseMs);
afterAll(async () => geodes?.stop(), 60_000);

const setBack = async (): Promise<void> => {
  link('cut', ...peers);
  const back = geodes.kill('control-plane', 'eu');
  await geodes.loseStream('eu');
  await backup.restore();
  await back;
};

describe('a region that was restored from a backup', () => {
  it(
    proves(
      'serves what its stamps hold while it is fenced, and refuses what would write',
      { operation: 'route', failure: 'database-restored', outcome: 'works' },
      { operation: 'provision', failure: 'database-restored', outcome: 'refuses' },
      { operation: 'claim', failure: 'database-restored', outcome: 'refuses' },
      { operation: 'policy', failure: 'database-restored', outcome: 'refuses' },
      { operation: 'cancel-intent', failure: 'database-restored', outcome: 'works' },
      { operation: 'drift', failure: 'database-restored', outcome: 'works' },
    ),
    async () => {
      await writeOn(1, 'late');
      await setBack();
      await isIn('suspected');
      for (const tenant of ['early', 'late']) expect(await through(tenant)).toBe(200);
      expect(codeOf(await create('never'))).toEqual([503, 'region_restored']);
      expect(codeOf(await geodes.api('eu').post('/v1/stamps/eu-2/provision', {}))).toEqual([503, 'region_restored']);
      const abroad = await geodes.api('eu').post('/v1/tenants', { id: 'abroad', region: 'us' });
      expect([abroad.status, (abroad.body as IntentView).state]).toEqual([202, 'queued']);
      const definition = { scope: 'fleet', policy: { kind: 'lww' } };
      expect(codeOf(await geodes.api('eu').put('/v1/collections/never', definition))).toEqual([503, 'region_restored']);
      const { body: unwanted } = await geodes.api('eu').post('/v1/tenants', { id: 'unwanted', region: 'us' });
      const cancelled = await geodes.api('eu').post(`/v1/intents/${(unwanted as IntentView).id}/cancel`, {});
      expect([cancelled.status, (cancelled.body as IntentView).state]).toEqual([200, 'cancelled']);
      // It says of itself what it is: who looks must not have to know.
      const found = await new OrdinaryWork(geodes, 'eu', { notes: 'never', stock: 'never' }).lookForDrift();
      expect(found).toContainEqual(expect.objectContaining({ kind: 'restored', subject: 'region/eu', severity: 'critical' }));
    },
    caseMs,
  );

  it(
    proves(
      'is followed by the next process wherever its control plane is killed, and nothing is lost, told twice or told older than it was (B1 to B6, I1, I5, I6)',
      { operation: 'foreign-command', failure: 'database-restored', outcome: 'waits' },
    ),
    async () => {
      await geodes.kill('control-plane', 'eu');
      await isIn('suspected');
      await killed(tenants, () => link('open', 'us'));
      await killed(documents('touched'));
      await isHeard('us');
      await geodes.kill('control-plane', 'eu');
      await isIn('reconciling');
      // Held before it can come there: from telling to open it is some milliseconds.
      await killed(opening, () => killed(telling, () => link('open', 'ap')));
      await nothingIsLost(2);
      await geodes.kill('control-plane', 'eu');
      await nothingIsLost(2);
      const twice = await asked(
        geodes,
        'eu',
        `SELECT subject, count(*) FROM outbox WHERE request_id IN (SELECT request_id FROM audit WHERE actor = 'system:recovery')
          AND subject LIKE 'tenant/%' GROUP BY 1 HAVING count(*) > 1`,
      );
      expect(twice).toEqual([]);
      await waitFor('us to have done what was asked meanwhile', async () => (await tenantIn('us', 'abroad')) ?? undefined, { timeoutMs });
      expect(await tenantIn('us', 'unwanted')).toBeNull();
      expect(await asked(geodes, 'us', `SELECT 1 FROM audit WHERE subject = 'tenant/abroad' AND action = 'tenant.created'`)).toHaveLength(
        1,
      );
    },
    caseMs,
  );

  it(
    'opened by a person without a region, and killed on the way there and on the way from there, merges what that one held, and nothing goes down (B4, B5)',
    async () => {
      await writeOn(2, 'later');
      link('cut', 'us');
      await geodes.client('eu').patch('attributes', 'alone', { heardBy: 'ap' });
      await waitFor(
        'ap to have it',
        async () => ((await geodes.client('ap').read('attributes', 'alone'))?.value as { heardBy?: string }).heardBy,
        { timeoutMs },
      );
      await setBack();
      link('open', 'us');
      await isHeard('us');
      const open = () => geodes.api('eu').post('/v1/geode/recovery/open', { without: ['ap'], reason: 'not heard of' });
      await killed(opening, () =>
        killed(telling, async () => {
          expect((await open()).status).toBe(200);
        }),
      );
      await isIn('holding');
      await geodes.kill('postgres', 'eu');
      await geodes.kill('control-plane', 'eu');
      await isIn('holding');
      // Its database was killed, too: what the process had of it breaks once more at the first use.
      await waitFor('held to be created', async () => (await create('held')).status === 201 || undefined, { timeoutMs });
      const sale = await geodes.api('eu').post('/v1/collections/stock/item-0', { operations: [{ op: 'subtract', units: 1 }] });
      expect(codeOf(sale)).toEqual([503, 'region_restored']);
      await killed(documents('alone'), () => link('open', 'ap'));
      await nothingIsLost(null);
      expect((await geodes.client('eu').read('attributes', 'alone'))?.value).toEqual({ heardBy: 'ap' });
      for (const tenant of ['early', 'late', 'later', 'held']) await served(tenant);
    },
    caseMs,
  );
});
