import { connect as connectHttp2, createServer as createHttp2, type ClientHttp2Session } from 'node:http2';
import { spawn } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { report } from '../report.ts';
import { LinkConnection, type LinkListener } from '@lapidary/stamp-sdk/link/link-connection';

/**
 * What a request costs the asking process: on the stamp link, and on node:http2 without TLS (h2c), at equal concurrency,
 * against upstreams in processes of their own that answer 100 bytes.
 *   npm run bench:link
 */
const requests = Number(process.env['REQUESTS'] ?? 60_000);
const concurrency = 64;
const rounds = 5;
const fields = {
  'user-agent': 'bench/1',
  accept: 'text/html,application/xhtml+xml',
  'accept-language': 'en',
  cookie: `sid=${'x'.repeat(200)}`,
};
const head = `GET /api/orders?x=1 HTTP/1.1\r\nhost: t1.lapidary.localhost\r\n${Object.entries(fields)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('')}x-lapidary-tenant: t1\r\nx-lapidary-epoch: 1\r\n\r\n`;

/** CPU microseconds per request of this process while `one` runs `requests` times, so many at once. */
const measure = async (one: () => Promise<void>): Promise<number> => {
  let left = requests;
  const before = process.cpuUsage();
  const lane = async (): Promise<void> => {
    while (left-- > 0) await one();
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / requests;
};

const overLink = (link: LinkConnection): Promise<void> =>
  new Promise((resolve, reject) => {
    const nothing = (): void => undefined;
    const listener: LinkListener = {
      interim: nothing,
      head: nothing,
      data: (_, start, end) => stream?.consumed(end - start),
      ended: resolve,
      reset: reject,
      lost: reject,
      writable: nothing,
      readDone: nothing,
    };
    const stream = link.ask({ tenant: 't1', epoch: 1, head: [head], end: '', isLast: true }, listener);
    if (stream === null) reject(new Error('no room'));
  });

const overHttp2 = (session: ClientHttp2Session): Promise<void> =>
  new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'GET',
      ':path': '/api/orders?x=1',
      ':authority': 't1.lapidary.localhost',
      ...fields,
      'x-lapidary-tenant': 't1',
      'x-lapidary-epoch': '1',
    });
    stream.on('error', reject);
    stream.on('end', resolve);
    stream.resume();
    stream.end();
  });

const startChild = (...args: string[]): Promise<{ port: number; stop: () => void }> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [...process.execArgv, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.once('data', (text: Buffer) => resolve({ port: Number(text.toString()), stop: () => child.kill() }));
  });

const serveHttp2 = (): void => {
  const body = Buffer.alloc(100, 'x');
  const server = createHttp2();
  server.on('stream', (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'text/plain', 'content-length': body.length });
    stream.end(body);
  });
  server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
};

const run = async (): Promise<void> => {
  const link = await startChild(new URL('link-upstream.ts', import.meta.url).pathname);
  const http2 = await startChild(new URL(import.meta.url).pathname, '--serve-http2');
  const open = await new Promise<LinkConnection>((resolve, reject) => {
    const options = { host: '127.0.0.1', port: link.port, stamp: 'eu-1', routerId: 'bench', key: null, openMs: 5_000 };
    const made: LinkConnection = new LinkConnection({
      ...options,
      onOpen: () => resolve(made),
      onLeaving: () => undefined,
      onClosed: reject,
    });
  });
  const session = connectHttp2(`http://127.0.0.1:${http2.port}`);
  const costs: { link: number; http2: number }[] = [];
  // The first round warms up.
  for (let round = 0; round <= rounds; round++) {
    const cost = { link: await measure(() => overLink(open)), http2: await measure(() => overHttp2(session)) };
    if (round > 0) costs.push(cost);
  }
  report('link', 'npm run bench:link', [
    { subject: 'stamp link', metric: 'CPU per request', unit: 'µs', samples: costs.map((c) => c.link), peer: 'node:http2 (h2c)' },
    { subject: 'node:http2 (h2c)', metric: 'CPU per request', unit: 'µs', samples: costs.map((c) => c.http2) },
  ]);
  session.close();
  open.close();
  link.stop();
  http2.stop();
};

if (process.argv.includes('--serve-http2')) serveHttp2();
else await run();
