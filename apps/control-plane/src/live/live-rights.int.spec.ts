import { waitFor } from '@lapidary/kernel/wait-for';
import { addToken, adminToken, noNats, openDatabase, openWorld, type World, type WorldDatabase } from '../../test/world.js';
import { sealPrincipal } from '../auth/forwarded-principal.js';
import { domainFeatures } from '../process/features.js';
import { LiveHub } from './live-hub.js';
import { LiveModule } from './live.module.js';

describe('the right to live events', () => {
  let database: WorldDatabase;
  let world: World;
  let url: string;

  beforeAll(async () => {
    database = await openDatabase();
    world = await openWorld(database, { features: [...domainFeatures, LiveModule], natsUrl: noNats });
    await world.app.listen(0, '127.0.0.1');
    url = await world.app.getUrl();
  });
  afterAll(async () => {
    await world.close();
    await database.drop();
  });

  /** What is heard of the stream, until it ends. */
  const listen = async (token: string): Promise<{ text: string; ended: boolean; leave: () => void }> => {
    const leaving = new AbortController();
    const response = await fetch(`${url}/v1/events`, {
      headers: { authorization: `Bearer ${token}`, connection: 'close' },
      signal: leaving.signal,
    });
    const heard = { text: '', ended: false, leave: () => leaving.abort() };
    void (async () => {
      for await (const chunk of response.body!) heard.text += Buffer.from(chunk).toString();
      heard.ended = true;
    })().catch(() => undefined);
    return heard;
  };

  it('ends with the token at the next sign of life, for nobody else, and not because the database is away', async () => {
    const token = await addToken(world, 'vera', 'viewer');
    const [vera, admin] = [await listen(token), await listen(adminToken)];
    const hub = world.app.get(LiveHub);
    await hub.beat();
    await waitFor('a sign of life', () => (vera.text.includes('still there') ? true : undefined), { timeoutMs: 10_000 });
    await world.query(`UPDATE api_token SET revoked_at = now() WHERE name = 'vera'`);
    await waitFor('401', async () => ((await world.ask('GET', '/v1/regions', { token })).status === 401 ? true : undefined), {
      timeoutMs: 10_000,
    });
    await hub.beat();
    await waitFor('the end', () => vera.ended || undefined, { timeoutMs: 10_000 });
    await world.query('ALTER TABLE api_token RENAME TO api_token_away');
    await waitFor('no answer', async () => ((await world.ask('GET', '/v1/regions')).status >= 500 ? true : undefined), {
      timeoutMs: 10_000,
    });
    const before = admin.text.length;
    await hub.beat();
    await waitFor('a sign of life', () => (admin.text.length > before ? true : undefined), { timeoutMs: 10_000 });
    await world.query('ALTER TABLE api_token_away RENAME TO api_token');
    expect(admin.ended).toBe(false);
    admin.leave();
  });

  it('is not passed on through another region, where nobody would hear it', async () => {
    const headers = sealPrincipal({ actor: 'token:far', via: 'bearer', bindings: [{ role: 'admin', region: '*' }] });
    expect((await world.ask('GET', '/v1/events', { token: null, headers })).status).toBe(403);
  });
});
