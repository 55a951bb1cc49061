import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CollectionsClient } from './collections-client.js';

/** Answers each try with 429 and the next of these, then 404. */
const regionThatLimits = async (...retryAfter: string[]) => {
  let tries = 0;
  const server = createServer((_, response) => {
    const after = retryAfter[tries];
    tries += 1;
    const code = after === undefined ? 'not_found' : 'rate_limited';
    const status = after === undefined ? 404 : 429;
    const problem = {
      type: `/docs/runbooks/${code}`,
      title: code,
      status,
      detail: code,
      code,
      check: 'x',
      retry: status === 429,
      requestId: 'r',
    };
    response.writeHead(status, { 'content-type': 'application/problem+json', ...(after === undefined ? {} : { 'retry-after': after }) });
    response.end(JSON.stringify(problem));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const refused: string[] = [];
  const client = new CollectionsClient({
    url: `http://127.0.0.1:${port}`,
    token: async () => Promise.resolve('of-before'),
    onRefused: (token) => void refused.push(token),
  });
  return { client, refused, tries: () => tries, close: () => void server.close() };
};

test('who is to come again in ten minutes is told so at once, and that its token may be wrong', async () => {
  const region = await regionThatLimits('600', '600');
  await expect(region.client.read('settings', 'a')).rejects.toMatchObject({ code: 'rate_limited', retryAfterSeconds: 600 });
  expect([region.tries(), region.refused]).toEqual([1, ['of-before']]);
  region.close();
});

test('who is to come again at once does', async () => {
  const region = await regionThatLimits('0');
  await region.client.read('settings', 'a').catch(() => undefined);
  expect(region.tries()).toBe(2);
  region.close();
});
