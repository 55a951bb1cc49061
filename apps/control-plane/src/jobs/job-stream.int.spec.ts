import { waitFor } from '@lapidary/kernel/wait-for';
import { addToken, adminToken, noNats, openDatabase, openWorld } from '../../test/world.js';
import { domainFeatures } from '../process/features.js';
import { JobWatch } from './job-watch.js';
import { JobsModule } from './jobs.module.js';

test('the lines of a job that goes on end with the token of who listens, and for nobody else', async () => {
  const database = await openDatabase();
  const world = await openWorld(database, { features: [...domainFeatures, JobsModule], natsUrl: noNats });
  await world.app.listen(0, '127.0.0.1');
  const job = 'eu.01JAAAAAAAAAAAAAAAAAAAAAAA';
  await world.query(
    `INSERT INTO job (id, region, kind, subject, status, input, requested_by, request_id) VALUES ($1, 'eu', 'provision', 'eu-1', 'running', '{}', 'x', 'y')`,
    [job],
  );
  const listen = async (token: string) => {
    const leaving = new AbortController();
    const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream', connection: 'close' };
    const response = await fetch(`${await world.app.getUrl()}/v1/jobs/${job}/events`, { headers, signal: leaving.signal });
    const heard = { text: '', ended: false, leave: () => leaving.abort() };
    void (async () => {
      for await (const chunk of response.body!) heard.text += Buffer.from(chunk).toString();
      heard.ended = true;
    })().catch(() => undefined);
    await waitFor('a sign of life', () => (heard.text.includes('still there') ? true : undefined), { timeoutMs: 60_000 });
    return heard;
  };
  const token = await addToken(world, 'vera', 'viewer');
  const [vera, admin] = [await listen(token), await listen(adminToken)];
  await world.query(`UPDATE api_token SET revoked_at = now() WHERE name = 'vera'`);
  await waitFor('401', async () => ((await world.ask('GET', '/v1/regions', { token })).status === 401 ? true : undefined), {
    timeoutMs: 60_000,
  });
  const before = admin.text.length;
  world.app.get(JobWatch).wake(job);
  await waitFor('the end', () => vera.ended || undefined, { timeoutMs: 60_000 });
  await waitFor('a sign of life', () => (admin.text.length > before ? true : undefined), { timeoutMs: 60_000 });
  expect(admin.ended).toBe(false);
  admin.leave();
  await world.close();
  await database.drop();
});
