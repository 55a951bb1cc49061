import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream, type OutgoingHttpHeaders } from 'node:http2';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { waitFor } from '@lapidary/kernel/wait-for';
import { closeServer, listen } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { isLive, knows, RouterWorld, type RunningRouter } from '../router-world.fixture.js';
import { makeCertificate, putCertificate } from '../tls/certificate.fixture.js';
import { headers, Http2Wire, usual } from './wire.fixture.js';

const soon = { timeoutMs: 60_000, intervalMs: 10 };
let world: RouterWorld;
let router: RunningRouter;
let stamp: Server;
let session: ClientHttp2Session;
const held: (() => void)[] = [];
/** What the stamp saw: its requests' lines, headers and bodies, and whether the body came to its end. */
const seen: { line: string; raw: string[]; body: string; whole: boolean }[] = [];

beforeEach(async () => {
  seen.length = 0;
  held.length = 0;
  stamp = createServer((request, response) => {
    const entry = { line: `${request.method} ${request.url}`, raw: request.rawHeaders, body: '', whole: false };
    seen.push(entry);
    request.on('data', (chunk: Buffer) => (entry.body += chunk.toString()));
    request.on('end', () => {
      entry.whole = true;
      if (request.url === '/hold') return void held.push(() => response.end('late'));
      if (request.url === '/cut') return void response.writeHead(200, { 'content-length': 100 }).write('part', () => response.destroy());
      response.writeHead(200, [
        'set-cookie',
        'a=1',
        'set-cookie',
        'b=2',
        'connection',
        'x-hop',
        'x-hop',
        '1',
        'content-type',
        'text/plain',
      ]);
      response.end(request.method === 'HEAD' ? undefined : entry.body.length > 100 ? String(entry.body.length) : `got ${entry.body}`);
    });
    request.on('error', () => undefined);
  });
  world = await RouterWorld.begin();
  const folder = join(world.folder, 'certificates');
  await mkdir(folder);
  await putCertificate(folder, 'base', makeCertificate(['*.lapidary.localhost']));
  await world.region.commit(world.stamp({ frontDoors: [`http://127.0.0.1:${await listen(stamp)}`] }));
  await world.region.commit(world.tenant('acme', { epoch: 7 }));
  router = await world.start(undefined, undefined, { LAPIDARY_TLS_DIR: folder, LAPIDARY_TLS_PORT: 0 });
  await isLive(router);
  await knows(router, 'acme', 7);
  session = connect(`https://127.0.0.1:${router.tlsPort}`, { servername: 'acme.lapidary.localhost', rejectUnauthorized: false });
  session.on('error', () => undefined);
});
afterEach(async () => {
  session.destroy();
  await world.end();
  await closeServer(stamp);
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: Record<string, unknown>;
  readonly body: string;
  readonly code: number;
}

const finish = (stream: ClientHttp2Stream): Promise<Answer> =>
  new Promise((resolve) => {
    let headers: Record<string, unknown> = {};
    let body = '';
    stream.on('response', (told) => (headers = told));
    stream.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    stream.on('error', () => undefined);
    stream.on('close', () => resolve({ status: headers[':status'] as number | undefined, headers, body, code: stream.rstCode ?? 0 }));
  });

const ask = (headers: OutgoingHttpHeaders = {}, body?: string): Promise<Answer> => {
  const stream = session.request({ ':authority': 'acme.lapidary.localhost', ...headers }, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  return finish(stream);
};

describe('a request over HTTP/2', () => {
  it('goes to the stamp as one over HTTP/1.1: tenant and epoch ours, cookies in one line, a framing of our own', async () => {
    const answer = await ask(
      {
        ':method': 'POST',
        ':path': '/a?b=c',
        cookie: ['a=1', 'b=2'],
        'x-lapidary-epoch': '99',
        x_lapidary_tenant: 'beta',
        'x-forwarded-for': '6.6.6.6',
        te: 'trailers',
      },
      'hello',
    );
    expect(answer).toMatchObject({
      status: 200,
      body: 'got hello',
      headers: { 'set-cookie': ['a=1', 'b=2'], 'content-type': 'text/plain' },
    });
    expect(answer.headers).not.toHaveProperty('x-hop');
    const { line, raw } = seen[0]!;
    expect(line).toBe('POST /a?b=c');
    const told = Object.fromEntries(raw.flatMap((name, i) => (i % 2 === 0 ? [[name.toLowerCase(), raw[i + 1]]] : [])));
    expect(told).toMatchObject({
      host: 'acme.lapidary.localhost',
      'x-lapidary-tenant': 'acme',
      'x-lapidary-epoch': '7',
      'x-forwarded-proto': 'https',
      'x-forwarded-for': '127.0.0.1',
      cookie: 'a=1; b=2',
      'transfer-encoding': 'chunked',
    });
    expect(raw.filter((name) => /^(te|x_lapidary_tenant|:.*)$/i.test(name))).toEqual([]);
  });

  it('with a length is passed on with it; without a body, without a framing; HEAD has no body', async () => {
    await ask({ ':method': 'POST', 'content-length': '5' }, 'hello');
    await ask();
    expect(await ask({ ':method': 'HEAD' })).toMatchObject({ status: 200, body: '' });
    const framing = seen.map(({ raw }) =>
      raw.filter((name) => /^(content-length|transfer-encoding)$/i.test(name)).map((name) => name.toLowerCase()),
    );
    expect(framing).toEqual([['content-length'], [], []]);
  });

  it('with a large body streams both ways', async () => {
    expect(await ask({ ':method': 'POST', ':path': '/large' }, 'x'.repeat(3_000_000))).toMatchObject({ status: 200, body: '3000000' });
  });

  it('beside a hundred others on its connection is answered', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => ask({ ':method': 'POST' }, String(i))));
    expect(answers.map(({ body }) => body)).toEqual(Array.from({ length: 100 }, (_, i) => `got ${i}`));
  });

  it('that is refused leaves the connection to the others', async () => {
    const refused = await Promise.all([
      ask({ ':authority': 'nobody.lapidary.localhost' }),
      ask({ host: 'beta.lapidary.localhost' }),
      ask({ ':scheme': 'http' }),
      ask({ ':path': '/#x' }),
      ask({ ':method': 'TRACE' }),
      ask(Object.fromEntries(Array.from({ length: 110 }, (_, i) => [`x-${i}`, '1']))),
    ]);
    expect(refused.map(({ status }) => status)).toEqual([404, 400, 400, 400, 405, 431]);
    expect(JSON.parse(refused[1]!.body)).toMatchObject({ code: 'invalid_input' });
    expect(await ask({ ':method': 'POST' }, 'on')).toMatchObject({ body: 'got on' });
    expect(seen).toHaveLength(1);
  });

  it('with a header list beyond the limit reaches nobody', async () => {
    const answer = await ask({ 'x-long': 'x'.repeat(20_000) });
    expect(answer.status === undefined || answer.status === 431).toBe(true);
    expect(seen).toEqual([]);
  });

  it('whose answer is cut ends by a reset, and the others go on', async () => {
    const cut = await ask({ ':path': '/cut' });
    expect(cut).toMatchObject({ status: 200, body: 'part', code: constants.NGHTTP2_INTERNAL_ERROR });
    expect(await ask()).toMatchObject({ status: 200 });
  });
});

describe('a client that', () => {
  it('opens more streams than it may is told to wait: the stamp never sees more than 128 of one connection', async () => {
    const streams = Array.from({ length: 300 }, () => ask({ ':path': '/hold' }));
    await waitFor('the first', () => held.length === 128 || undefined, soon);
    // The router's own probes come beside them.
    expect(seen.filter(({ line }) => line === 'GET /hold')).toHaveLength(128);
    const release = setInterval(() => {
      for (const answer of held.splice(0)) answer();
    }, 5);
    expect((await Promise.all(streams)).every(({ body }) => body === 'late')).toBe(true);
    clearInterval(release);
  });
});

describe('draining', () => {
  it('tells clients to open no more streams (GOAWAY), and finishes those that are open', async () => {
    const answer = ask({ ':path': '/hold' });
    await waitFor('the request', () => held.length === 1 || undefined, soon);
    const goaway = new Promise<number>((resolve) => session.once('goaway', resolve));
    const stopped = router.router.stop(5_000);
    expect(await goaway).toBe(constants.NGHTTP2_NO_ERROR);
    held[0]!();
    expect(await answer).toMatchObject({ status: 200, body: 'late' });
    await stopped;
  });

  it('waits for no client that has all it asked for, says nothing any more, and stays', async () => {
    const socket = connectTls({
      port: router.tlsPort,
      servername: 'acme.lapidary.localhost',
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
      // Whoever is told to go closes here only when the test says so.
      allowHalfOpen: true,
    } as ConnectionOptions);
    await once(socket, 'secureConnect');
    const wire = Http2Wire.over(socket);
    wire.send(headers(1, usual('GET', '/hold')));
    await waitFor('the request', () => held.length === 1 || undefined, soon);
    const beganMs = performance.now();
    const stopped = router.router.stop(15_000);
    await waitFor('GOAWAY', () => wire.goaway === constants.NGHTTP2_NO_ERROR || undefined, soon);
    held[0]!();
    await stopped;
    expect(wire.body(1)).toBe('late');
    expect(performance.now() - beganMs).toBeLessThan(12_000);
    socket.destroy();
  });
});
