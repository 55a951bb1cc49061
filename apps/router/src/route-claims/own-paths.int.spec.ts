import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { LimitsDocumentSchema } from '@lapidary/contracts/limits';
import { routeGrantPath, routeKeysPath } from '@lapidary/contracts/route-claim';
import { waitFor } from '@lapidary/kernel/wait-for';
import { exchangeBytes } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { newTestKey } from '@lapidary/stamp-sdk/route-claim/claim.fixture';
import { isLive, knows, RouterWorld, type RunningRouter } from '../router-world.fixture.js';

const soon = { timeoutMs: 60_000, intervalMs: 5 };
let world: RouterWorld;
let router: RunningRouter;

beforeEach(async () => {
  world = await RouterWorld.begin();
  const file = join(world.folder, 'keys.json');
  await writeFile(file, JSON.stringify({ keys: [(await newTestKey('one')).privateJwk] }));
  const limits = [{ kind: 'fixed_window', max: 1, windowSeconds: 3_600 }];
  world.serveLimits(LimitsDocumentSchema.parse({ tenants: { acme: { limits } } }));
  await world.region.commit(world.stamp());
  await world.region.commit(world.tenant('acme'));
  await world.region.commit(world.tenant('strict', { strictIn: ['elsewhere'] }));
  router = await world.start(undefined, undefined, { LAPIDARY_CLAIM_KEYS_FILE: file });
  await isLive(router);
  await knows(router, 'acme');
  await knows(router, 'strict');
});
afterEach(() => world.end());

const request = (path: string, host: string): string => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
const ask = async (path: string, host = 'acme.lapidary.localhost'): Promise<string> =>
  exchangeBytes(router.port, request(path, host), /\r\n\r\n[^]*[}k]$/);
const status = (text: string): string => text.slice(9, 12);

it('what the router answers itself counts against its tenant’s limits, and is refused where its requests are (P-TH1)', async () => {
  const statuses: string[] = [];
  for (const path of [routeGrantPath, routeGrantPath, routeKeysPath, '/']) statuses.push(status(await ask(path)));
  expect(statuses).toEqual(['200', '429', '429', '429']);
  expect(await ask(routeGrantPath)).toMatch(/\r\nretry-after: \d+\r\n/i);
  // Keys are everybody's, agents' above all, who ask on no tenant's host.
  expect(status(await ask(routeKeysPath, `127.0.0.1:${router.port}`))).toBe('200');
});

it('on a connection that nothing more is read from (I3), its answer says so', async () => {
  const socket = connect(router.port, '127.0.0.1').on('error', () => undefined);
  let text = '';
  let hasEnded = false;
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.once('end', () => (hasEnded = true));
  socket.write(request(routeKeysPath, 'strict.lapidary.localhost'));
  await waitFor('its end', () => hasEnded || undefined, soon);
  expect(text).toMatch(/^HTTP\/1.1 200 [^]*\r\nconnection: close\r\n/i);
});
