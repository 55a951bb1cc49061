import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { waitFor } from '@lapidary/kernel/wait-for';
import type { ForwardOptions } from './forward-request.js';
import { answerBytes, exchangeBytes, startForwarder, startRawUpstream, type RawUpstream, type TestForwarder } from './forward.fixture.js';

const get = (path = '/', headers: readonly string[] = []): string =>
  ['GET ' + path + ' HTTP/1.1', 'Host: a', ...headers].join('\r\n') + '\r\n\r\n';
const post = (headers: readonly string[], body: string): string => `POST / HTTP/1.1\r\nHost: a\r\n${headers.join('\r\n')}\r\n\r\n${body}`;
const headEnd = /\r\n\r\n/;

let upstream: RawUpstream;
let forwarder: TestForwarder;
const start = async (onData: Parameters<typeof startRawUpstream>[0], overrides: Partial<ForwardOptions> = {}): Promise<void> => {
  upstream = await startRawUpstream(onData);
  forwarder = await startForwarder(upstream.url, overrides);
};
afterEach(async () => {
  await forwarder.close();
  await upstream.close();
});
const whenHeadIsIn =
  (answer: string): Parameters<typeof startRawUpstream>[0] =>
  (socket, soFar) => {
    if (soFar.endsWith('\r\n\r\n')) socket.write(answer, 'latin1');
  };

describe('an exchange that goes well', () => {
  it('passes the request and the answer, each with rebuilt framing', async () => {
    await start(
      whenHeadIsIn(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nX-Lapidary-Stamp: eu-1\r\n\r\n2\r\nhi\r\n0\r\nX-Trailer: t\r\n\r\n',
      ),
    );
    const result = forwarder.nextResult();
    const text = await exchangeBytes(
      forwarder.port,
      get('/a?b', ['X-Lapidary-Epoch: 99', 'x_lapidary_tenant: evil', 'Connection: x-lapidary-epoch']),
      /0\r\n\r\n$/,
    );
    expect(text).toMatch(/^HTTP\/1.1 200 OK\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nX-Lapidary-Stamp: eu-1\r\n/);
    expect(text).toMatch(/\r\n2\r\nhi\r\n0\r\n\r\n$/);
    expect(upstream.received[0]).toBe('GET /a?b HTTP/1.1\r\nHost: a\r\nx-lapidary-epoch: 7\r\nConnection: keep-alive\r\n\r\n');
    expect(await result).toMatchObject({ kind: 'answered', status: 200 });
  });

  it.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n', /content-length: 500/i],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 500\r\n\r\n', /ETag: "x"/],
    ['GET', 'HTTP/1.1 204 No Content\r\n\r\n', /^HTTP\/1.1 204/],
  ])('%s answered %j has no body, and the connection goes on', async (method, answer, expected) => {
    await start(whenHeadIsIn(answer));
    const one = `${method} / HTTP/1.1\r\nHost: a\r\n\r\n`;
    const text = await exchangeBytes(forwarder.port, one + one, /HTTP\/1.1[^]*HTTP\/1.1[^]*\r\n\r\n/);
    expect(text.match(/HTTP\/1.1 /g)).toHaveLength(2);
    expect(text).toMatch(expected);
    expect(text).not.toMatch(/transfer-encoding/i);
    const before = upstream.connections;
    expect(await exchangeBytes(forwarder.port, one, headEnd)).toMatch(expected);
    expect(upstream.connections).toBe(before);
  });

  it('POST without a body says so upstream; a body in chunks stays in chunks, one with a length keeps it', async () => {
    await start((socket, soFar) => {
      if (/\r\n\r\n(?:hello|5\r\nhello\r\n0\r\n\r\n)?$/.test(soFar) && !/(chunked|Length: [1-9]).*\r\n\r\n$/s.test(soFar))
        socket.write(answerBytes('200 OK', [], 'x'));
      else if (soFar.endsWith('hello') || soFar.endsWith('0\r\n\r\n')) socket.write(answerBytes('200 OK', [], 'x'));
    });
    await exchangeBytes(forwarder.port, post(['X: 1', 'Connection: close'], ''), /x$/);
    await exchangeBytes(forwarder.port, post(['Content-Length: 5', 'Connection: close'], 'hello'), /x$/);
    await exchangeBytes(
      forwarder.port,
      post(['Transfer-Encoding: chunked', 'Connection: close'], '5;ext=1\r\nhello\r\n0\r\nX-T: 1\r\n\r\n'),
      /x$/,
    );
    const all = upstream.received.join('');
    expect(all).toMatch(/content-length: 0\r\n/);
    expect(all).toMatch(/content-length: 5\r\n.*\r\n\r\nhello/s);
    expect(all).toMatch(/transfer-encoding: chunked\r\n.*\r\n\r\n5\r\nhello\r\n0\r\n\r\n$/s);
  });

  it('an HTTP/1.0 client gets an unchunked answer and the end of the connection', async () => {
    await start(whenHeadIsIn('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n'));
    const text = await exchangeBytes(forwarder.port, 'GET / HTTP/1.0\r\nHost: a\r\n\r\n');
    expect(text).toMatch(/\r\n\r\nhi$/);
    expect(text).not.toMatch(/chunked/);
  });

  it('an event stream arrives event by event, its head before the first', async () => {
    await start(whenHeadIsIn('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n'));
    expect(await exchangeBytes(forwarder.port, get(), headEnd)).toMatch(/event-stream/);
    expect(await forwarder.nextResult()).toEqual({ kind: 'client_gone' });
  });

  it('100-continue is answered here once the upstream is connected, and not passed on', async () => {
    await start((socket, soFar) => soFar.endsWith('hello') && socket.write(answerBytes('200 OK', [], 'done')));
    const answers: string[] = [];
    const body = await new Promise<string>((resolve) => {
      const out = httpRequest(forwarder.url, { method: 'POST', headers: { expect: '100-continue', 'content-length': 5 } });
      out.on('continue', () => {
        answers.push('continue');
        out.end('hello');
      });
      out.on('response', (r) => r.on('data', (d) => resolve(String(d))));
      out.flushHeaders();
    });
    expect([answers, body]).toEqual([['continue'], 'done']);
    expect(upstream.received[0]).not.toMatch(/expect/i);
  });

  it('answers that are not the last pass as they come, with nothing in them that is not the client’s; not to HTTP/1.0 (RFC 9110 §15.2)', async () => {
    const early = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: x-hop\r\nX-Hop: 1\r\nX-Lapidary-Error: misdirected\r\n\r\n';
    let answer!: () => void;
    await start(
      (socket, soFar) => {
        if (!soFar.endsWith('\r\n\r\n')) return;
        socket.write(early);
        answer = () => socket.write(answerBytes('200 OK', [], 'done'));
      },
      { trusted: false, timeouts: { connectMs: 5_000, headMs: 10_000, idleMs: 5_000 } },
    );
    const socket = connect(forwarder.port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    socket.write(get());
    // The stamp has not answered yet.
    await waitFor('early hints', () => text !== '' || undefined, { timeoutMs: 10_000, intervalMs: 2 });
    expect(text).toBe('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n');
    answer();
    await waitFor('the answer', () => text.endsWith('done') || undefined, { timeoutMs: 10_000, intervalMs: 2 });
    socket.destroy();
    const old = exchangeBytes(forwarder.port, get().replace('HTTP/1.1', 'HTTP/1.0'), /done$/);
    await waitFor('the other request', () => upstream.received.join('').split('GET ').length === 3 || undefined, {
      timeoutMs: 10_000,
      intervalMs: 2,
    });
    answer();
    expect(await old).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });

  it('pipelined requests are answered in order, one upstream request at a time', async () => {
    let count = 0;
    await start((socket, soFar) => {
      if (soFar.endsWith('\r\n\r\n')) socket.write(answerBytes('200 OK', [], String((count += 1))));
    });
    const text = await exchangeBytes(forwarder.port, get('/1') + get('/2') + get('/3'), /\r\n\r\n3/);
    expect([...text.matchAll(/\r\n\r\n(\d)/g)].map((m) => m[1])).toEqual(['1', '2', '3']);
  });
});

describe('an upstream that fails before its answer', () => {
  it('refuses the connection: nothing was sent', async () => {
    await start(() => undefined);
    await upstream.close();
    await exchangeBytes(forwarder.port, get(), headEnd);
    expect(forwarder.results).toEqual([{ kind: 'unreachable', reason: 'ECONNREFUSED' }]);
  });

  it('closes before the head: no answer', async () => {
    await start((socket) => socket.resetAndDestroy());
    expect(await exchangeBytes(forwarder.port, get(), headEnd)).toMatch(/^HTTP\/1.1 502/);
    expect(forwarder.results).toMatchObject([{ kind: 'no_answer', reason: 'reset', reusedSocket: false }]);
  });

  it('hangs: no answer in time, counted from the last byte that moved', async () => {
    await start(() => undefined);
    expect(await exchangeBytes(forwarder.port, get(), headEnd)).toMatch(/^HTTP\/1.1 502/);
    expect(forwarder.results).toMatchObject([{ kind: 'no_answer', reason: 'head_timeout' }]);
  });

  it('closes an idle connection at the moment we use it: says that the connection was a used one', async () => {
    await start((socket, soFar) => {
      if (soFar.endsWith('/second HTTP/1.1\r\nHost: a\r\nx-lapidary-epoch: 7\r\nConnection: keep-alive\r\n\r\n')) socket.resetAndDestroy();
      else socket.write(answerBytes('200 OK', [], 'x'));
    });
    await exchangeBytes(forwarder.port, get(), /x$/);
    await exchangeBytes(forwarder.port, get('/second'), headEnd);
    expect(forwarder.results[1]).toMatchObject({ kind: 'no_answer', reason: 'reset', reusedSocket: true });
  });

  it.each([
    ['rubbish', 'SSH-2.0-OpenSSH\r\n'],
    ['length beside chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'],
    ['an unknown transfer coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    ['a switch that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n'],
    ['a status below 100', 'HTTP/1.1 099 What\r\nContent-Length: 0\r\n\r\n'],
    ['a head of 40 kB', `HTTP/1.1 200 OK\r\nX-Big: ${'x'.repeat(40_000)}\r\nContent-Length: 0\r\n\r\n`],
  ])('a bad answer (%s) becomes a 502, never part of an answer', async (_, bytes) => {
    await start(whenHeadIsIn(bytes));
    expect(await exchangeBytes(forwarder.port, get(), headEnd)).toMatch(/^HTTP\/1.1 502/);
    expect(forwarder.results).toMatchObject([{ kind: 'no_answer', reason: 'bad_answer' }]);
  });
});

describe('an upstream that fails within its answer', () => {
  it.each([
    ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart'],
    ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n'],
  ])('resets mid-body (%s): the client sees that the answer is not whole', async (_, bytes) => {
    await start((socket, soFar) => {
      if (soFar.endsWith('\r\n\r\n')) socket.write(bytes, () => setImmediate(() => socket.resetAndDestroy()));
    });
    const failure = await fetch(forwarder.url)
      .then((r) => r.text())
      .catch((error: Error) => error);
    expect(failure).toHaveProperty('message');
    expect((await waitFor('a result', () => forwarder.results[0], { timeoutMs: 60_000, intervalMs: 5 })).kind).toMatch(/cut|no_answer/);
  });

  it('falls silent mid-body: cut after the idle time', async () => {
    await start(whenHeadIsIn('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart'));
    expect(await exchangeBytes(forwarder.port, get())).toMatch(/part$/);
    expect(forwarder.results).toMatchObject([{ kind: 'cut', status: 200 }]);
  });

  it('sends bytes behind its answer: they never become the answer to another request (response queue poisoning)', async () => {
    let closed = false;
    await start((socket, soFar, connection) => {
      if (!soFar.endsWith('\r\n\r\n')) return;
      socket.write(answerBytes('200 OK', [], 'good'));
      if (connection > 0) return;
      socket.once('close', () => (closed = true));
      setTimeout(() => socket.write(answerBytes('200 OK', [], 'evil')), 20);
    });
    expect(await exchangeBytes(forwarder.port, get(), /good$/)).toMatch(/good$/);
    await waitFor('the connection to be given up for its stray bytes', () => closed || undefined, { timeoutMs: 60_000, intervalMs: 5 });
    expect(await exchangeBytes(forwarder.port, get(), /(good|evil)$/)).toMatch(/good$/);
    expect(upstream.connections).toBe(2);
  });
});

describe('a client that fails', () => {
  it('goes away while the upstream works: the upstream request ends, and it is not the upstream’s failure', async () => {
    let closed = false;
    await start((socket) => socket.on('close', () => (closed = true)), { timeouts: { connectMs: 500, headMs: 5_000, idleMs: 500 } });
    const result = forwarder.nextResult();
    const client = connect(forwarder.port, '127.0.0.1', () => client.write(get()));
    await waitFor('the request to arrive upstream', () => upstream.received[0], { timeoutMs: 60_000, intervalMs: 5 });
    client.destroy();
    expect(await result).toEqual({ kind: 'client_gone' });
    await waitFor('the upstream connection to close', () => closed || undefined, { timeoutMs: 60_000, intervalMs: 5 });
  });

  it('stops in the middle of its body: stalled, not the upstream’s failure', async () => {
    await start(() => undefined);
    await exchangeBytes(forwarder.port, post(['Content-Length: 100'], 'part'), headEnd);
    expect(forwarder.results).toEqual([{ kind: 'client_stalled' }]);
  });

  it('dies in the middle of its body: gone, and the upstream never sees an end to it', async () => {
    await start(() => undefined);
    const result = forwarder.nextResult();
    const out = httpRequest(forwarder.url, { method: 'POST', headers: { 'transfer-encoding': 'chunked' } });
    out.on('error', () => undefined);
    out.write('part');
    await waitFor('the part to arrive', () => upstream.received[0]?.includes('part') || undefined, { timeoutMs: 60_000, intervalMs: 5 });
    out.destroy();
    expect(await result).toEqual({ kind: 'client_gone' });
    expect(upstream.received[0]).not.toMatch(/0\r\n\r\n$/);
  });
});

describe('an early answer', () => {
  it('reaches a client that is still sending, and neither connection is left in the middle of a message', async () => {
    await start((socket, soFar, connection) => {
      if (connection === 0 && soFar.includes('\r\n\r\n') && soFar.length < 70_000) socket.write(answerBytes('413 Too Large', [], 'no'));
      else if (connection > 0 && soFar.endsWith('\r\n\r\n')) socket.write(answerBytes('200 OK', [], 'next'));
    });
    const big = 'x'.repeat(1_000_000);
    const text = await exchangeBytes(forwarder.port, [post(['Content-Length: 1000000'], big), get()], /next$/);
    expect(text).toMatch(/^HTTP\/1.1 413/);
    expect(text).toMatch(/\r\n\r\nnext$/);
    expect(upstream.connections).toBe(2);
  });

  it('is not lost where the upstream has closed on the rest of the body, so that a write fails before the answer is read', async () => {
    // With bytes left unread its close is a reset.
    await start((socket) => {
      socket.pause();
      socket.write(answerBytes('413 Too Large', ['Connection: close'], 'no'), () => socket.destroy());
    });
    const piece = 'x'.repeat(16_384);
    const text: string[] = [];
    for (let i = 0; i < 150; i++) {
      const parts = [post(['Content-Length: 1638400'], piece), ...Array.from({ length: 30 }, () => piece)];
      text.push((await exchangeBytes(forwarder.port, parts, headEnd)).slice(9, 12));
    }
    expect(text.filter((status) => status !== '413')).toEqual([]);
  });
});

describe('an answer that the caller keeps for itself', () => {
  it('is not sent to the client, and a whole small exchange leaves the connection usable', async () => {
    await start(whenHeadIsIn(answerBytes('421 Misdirected', ['X-Lapidary-Error: misdirected'], 'x')), {
      intercept: (status) => status === 421,
    });
    expect(await exchangeBytes(forwarder.port, get(), headEnd)).toMatch(/^HTTP\/1.1 502/);
    const [result] = forwarder.results;
    expect(result).toMatchObject({ kind: 'intercepted', status: 421 });
    expect(result?.kind === 'intercepted' && result.header('x-lapidary-error')).toBe('misdirected');
  });
});
