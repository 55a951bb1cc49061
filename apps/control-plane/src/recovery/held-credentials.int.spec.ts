import { geoStream } from '@lapidary/contracts/subjects';
import { inTransaction } from '@lapidary/db/transaction';
import { waitFor } from '@lapidary/kernel/wait-for';
import { deleteStream } from '@lapidary/messaging/streams';
import { freshRegion, testNats, type DatabaseBackup } from '@lapidary/testing/backends';
import { askGeode, geodeToken, openGeode, type Geode } from '../../test/geode.js';
import { Authenticator } from '../auth/authenticator.js';
import { ensureAdminToken } from '../auth/ensure-admin-token.js';
import { heldTokens } from '../auth/held-credentials.js';
import { presentBindings } from '../auth/present-bindings.js';
import { Sessions } from '../auth/sessions.js';
import { secretDigest } from '../auth/token-digest.js';
import { readRecovery } from '../fence/recovery-rows.js';
import { tellOfStamp } from '../outbox/testing/test-region.js';
import { RecoveryModule } from './recovery.module.js';
import { openRestorableFleet, type RestorableRegion } from './testing/restorable-fleet.js';

const timeoutMs = 40_000;
const [admin, newAdmin, leaver] = ['admin-of-the-backup-0123', 'admin-of-the-file-012345', 'leaver-0123456789'];

interface Asking {
  query(sql: string, parameters?: unknown[]): Promise<unknown>;
}
const addToken = async (db: Asking, name: string, secret: string, role: string): Promise<void> => {
  await db.query('INSERT INTO api_token (id, name, sha256) VALUES ($1, $1, $2)', [name, secretDigest(secret)]);
  await db.query(`INSERT INTO role_binding (principal, role, region) VALUES ('token:' || $1, $2, '*')`, [name, role]);
};

describe('who may call a region that was restored from a backup', () => {
  let fleet: Awaited<ReturnType<typeof openRestorableFleet>>;
  let eu: RestorableRegion;
  let us: RestorableRegion;
  let backup: DatabaseBackup;
  let session: string;

  /** As a process that has answered nobody before. */
  const actorOf = async (via: 'bearer' | 'cookie', secret: string): Promise<string | null> =>
    (await new Authenticator(eu.region.dataSource).identify({ via, secret }))?.actor ?? null;
  const becomesSound = async (): Promise<void> => {
    await waitFor('eu to be sound', async () => (await readRecovery(eu.region.dataSource)).state === 'sound' || undefined, { timeoutMs });
  };
  const install = async (secret: string): Promise<void> => {
    await inTransaction(eu.region.dataSource, async (tx) => ensureAdminToken(tx, eu.name, secret));
  };

  beforeEach(async () => {
    fleet = await openRestorableFleet(2);
    [eu, us] = fleet.regions as [RestorableRegion, RestorableRegion];
    const { dataSource } = eu.region;
    await install(admin);
    await addToken(dataSource, 'leaver', leaver, 'operator');
    await dataSource.query(
      `INSERT INTO api_token (id, name, sha256, stamp, expires_at) VALUES ('w', 'eu-1/w', $1, 'eu-1', now() + interval '1 hour')`,
      [secretDigest('workload-0123456789')],
    );
    session = await new Sessions(dataSource).begin(leaver, { region: eu.name, requestId: 'test', reason: null });
    await tellOfStamp(eu.region, 1);
    await us.hasAllOf(eu);
    expect([await actorOf('bearer', leaver), await actorOf('cookie', session), await actorOf('bearer', 'workload-0123456789')]).toEqual([
      'token:leaver',
      'token:leaver',
      'workload:eu-1',
    ]);
    backup = await eu.backUp();
  });
  afterEach(async () => {
    await fleet.close();
    await backup.drop();
  });

  it('is nobody whose token, session or stamp was taken back since the backup, for as long as nobody has said otherwise', async () => {
    const { dataSource } = eu.region;
    await dataSource.query(`UPDATE api_token SET revoked_at = now() WHERE name IN ('leaver', 'eu-1/w')`);
    await dataSource.query('DELETE FROM api_session');
    await install(newAdmin);
    await tellOfStamp(eu.region, 2);
    await us.hasAllOf(eu);
    await eu.restore(backup);
    const nobody = async (): Promise<void> => {
      expect([
        await actorOf('bearer', leaver),
        await actorOf('cookie', session),
        await actorOf('bearer', 'workload-0123456789'),
        await actorOf('bearer', admin),
      ]).toEqual([null, null, null, null]);
      await expect(
        new Sessions(eu.region.dataSource).begin(leaver, { region: eu.name, requestId: 'test', reason: null }),
      ).rejects.toMatchObject({ code: 'unauthenticated' });
      expect(await presentBindings(eu.region.dataSource, 'token:leaver')).toBeNull();
    };
    await nobody();
    await becomesSound();
    await nobody();
    await install(newAdmin);
    expect([await actorOf('bearer', newAdmin), await actorOf('bearer', admin)]).toEqual(['token:admin', null]);
    expect(await heldTokens(eu.region.dataSource)).toEqual(['leaver']);
    const [held] = await eu.region.dataSource.query(`SELECT change FROM audit WHERE action = 'credentials.held'`);
    expect(held.change).toMatchObject({ sessionsEnded: 1, workloadTokensEnded: 1, tokensHeld: ['admin', 'leaver'] });
  });

  it('is whom it was where the database was moved, and every region says that nothing is missing; sessions begin anew', async () => {
    await eu.stop();
    await deleteStream(eu.region.nats, geoStream(eu.name));
    await backup.restore();
    await eu.cut(us);
    await eu.start();
    expect((await readRecovery(eu.region.dataSource)).state).toBe('suspected');
    expect(await actorOf('bearer', leaver)).toBeNull();
    await eu.heal(us);
    await becomesSound();
    expect([await actorOf('bearer', leaver), await actorOf('cookie', session)]).toEqual(['token:leaver', null]);
    expect(await heldTokens(eu.region.dataSource)).toEqual([]);
  });
});

describe('a control plane that finds itself set back while it runs', () => {
  let eu: Geode;
  let us: Geode;
  beforeAll(async () => {
    const [a, b] = [freshRegion(), freshRegion()];
    [eu, us] = (await Promise.all(
      [a, b].map(async (region, i, all) => openGeode(region, { region: all[1 - i]!, natsUrl: testNats().url }, [RecoveryModule])),
    )) as [Geode, Geode];
  });
  afterAll(async () => Promise.all([eu?.close(), us?.close()]));

  const as = async (token: string, method: string, path: string, body?: unknown): Promise<number> =>
    (await askGeode(eu, method, path, body, { authorization: `Bearer ${token}` })).status;

  it('lets in who shows the token of the file, and who that one trusts', async () => {
    const { dataSource } = eu.resources;
    await addToken(dataSource, 'deploys', 'deploys-0123456789', 'operator');
    await addToken(dataSource, 'watches', 'watches-0123456789', 'viewer');
    expect(await as('deploys-0123456789', 'GET', '/v1/geode')).toBe(200);
    expect((await askGeode(eu, 'POST', '/v1/tenants', { id: 'early', region: eu.region })).status).toBe(201);
    await waitFor('the replica', async () => ((await askGeode(us, 'GET', '/v1/tenants/early')).status === 200 ? true : undefined), {
      timeoutMs,
    });
    await us.resources.dataSource.query('UPDATE version_vector SET sequence = sequence + 7 WHERE origin = $1', [eu.region]);
    await waitFor(
      'the tokens to be held, and the file’s to be good again',
      async () => {
        const { status, body } = await askGeode(eu, 'GET', '/v1/geode');
        return status === 200 && (body['heldTokens'] as string[]).join() === 'deploys,watches' ? true : undefined;
      },
      { timeoutMs },
    );
    await waitFor(
      'the operator to be nobody',
      async () => ((await as('deploys-0123456789', 'GET', '/v1/geode')) === 401 ? true : undefined),
      {
        timeoutMs,
      },
    );
    const trust = { tokens: ['deploys'], reason: 'in use' };
    expect(await as(geodeToken, 'POST', '/v1/geode/recovery/trust', { ...trust, tokens: ['nobody'] })).toBe(404);
    expect((await askGeode(eu, 'POST', '/v1/geode/recovery/trust', trust)).body).toEqual({
      ...{ region: eu.region, trusted: ['deploys'], held: ['watches'] },
    });
    expect(await as('deploys-0123456789', 'GET', '/v1/geode')).toBe(200);
    expect(await as('deploys-0123456789', 'POST', '/v1/geode/recovery/trust', { ...trust, tokens: ['watches'] })).toBe(403);
    // Nor by the word of another region, whatever it says of who asks.
    const far = await askGeode(us, 'POST', `/v1/geode/recovery/trust?region=${eu.region}`, { ...trust, tokens: ['watches'] });
    expect([far.status, far.body['code']]).toEqual([403, 'forbidden']);
    expect(await as('watches-0123456789', 'GET', '/v1/geode')).toBe(401);
  });
});
