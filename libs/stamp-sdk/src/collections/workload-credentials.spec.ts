import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WorkloadCredentials } from './workload-credentials.js';

const [first, second] = ['token-number-one-01', 'token-number-two-02'];
let server: Server;
let url: string;
let good: string;

beforeEach(async () => {
  good = first;
  server = createServer((request, response) => {
    const isGood = request.headers.authorization === `Bearer ${good}`;
    response.writeHead(isGood ? 404 : 401, { 'content-type': 'application/problem+json' });
    const code = isGood ? 'not_found' : 'unauthenticated';
    const status = isGood ? 404 : 401;
    response.end(JSON.stringify({ type: 'about:blank', title: code, status, detail: code, code, check: code, retry: false }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const handed = (token: string) => ({ collections: { url, token, expiresAt: new Date(Date.now() + 3_600_000).toISOString() } });

test('a token that was refused is not taken again, so that the agent hands over another one; that one is', async () => {
  const credentials = new WorkloadCredentials();
  credentials.take(handed(first));
  expect(await credentials.clientFor('acme').read('profiles', 'a')).toBeNull();
  credentials.take(handed(first));
  good = second;
  await expect(credentials.clientFor('acme').read('profiles', 'a')).rejects.toMatchObject({ code: 'unauthenticated' });
  expect(() => credentials.take(handed(first))).toThrow(expect.objectContaining({ code: 'unauthenticated' }));
  credentials.take(handed(second));
  expect(await credentials.clientFor('acme').read('profiles', 'a')).toBeNull();
});
