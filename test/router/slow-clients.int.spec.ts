import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '@lapidary/kernel/wait-for';
import { slowWays, SlowWorld, type SlowWay } from './slow/slow-world.ts';

/** A client is slow that reads nothing for longer than a connection is kept behind its answer when nobody is waited for. */
const slowMs = 1_500;
const fastWays = slowWays.filter((way) => way !== 'general');
const close = ['Connection: close'];

let world: SlowWorld;
afterEach(() => world.end());

const begin = async (way: SlowWay, idleMs?: number): Promise<SlowWorld> => (world = await SlowWorld.begin(way, idleMs));

describe.each(slowWays)('on the way "%s" an answer of some MB, whose last bytes wait for a slow client, comes whole', (way) => {
  it('where the client wants its connection closed', async () => {
    const client = await (await begin(way)).client();
    client.ask(close);
    const bytes = await world.answered();
    await sleep(slowMs);
    expect(await client.takes()).toEqual({ bytes, whole: true, rest: '' });
  });

  it('while the router drains, which is not over before', async () => {
    const client = await (await begin(way)).client();
    client.ask();
    const bytes = await world.answered();
    let drained = false;
    const drain = world.traffic.server.drain(20_000).then(() => (drained = true));
    await sleep(slowMs);
    expect(drained).toBe(false);
    expect(await client.takes()).toEqual({ bytes, whole: true, rest: '' });
    await drain;
  });

  it('before what is no request', async () => {
    const client = await (await begin(way)).client();
    client.ask([], 'no request\r\n\r\n');
    const bytes = await world.answered();
    await sleep(slowMs);
    const taken = await client.takes();
    expect(taken).toMatchObject({ bytes, whole: true });
    expect(taken.rest).toMatch(/^HTTP\/1.1 400 |^$/);
  });
});

describe.each(slowWays)('on the way "%s" a refusal', (way) => {
  it('is seen by a client that sends all of its body before it reads, and wants its connection closed', async () => {
    await begin(way);
    world.traffic.route({ status: 'suspended' });
    const client = await world.client();
    client.send('POST / HTTP/1.1', [...close, 'Content-Length: 2000000']);
    for (let i = 0; i < 20; i += 1) {
      client.socket.write(Buffer.alloc(100_000));
      await sleep(slowMs / 20);
    }
    expect(await client.text(/}$/)).toMatch(/^HTTP\/1.1 503 /);
    expect(client.error).toBe(null);
  });

  it('of what is no request comes behind an answer that waits', async () => {
    const client = await (await begin(way)).client();
    client.ask();
    const bytes = await world.answered();
    if (way !== 'general') await world.counts('answered');
    client.socket.write('no request\r\n\r\n');
    await sleep(slowMs);
    expect(await client.takes()).toMatchObject({ bytes, whole: true });
  });
});

describe.each(fastWays)('on the way "%s" the same', (way) => {
  it('where the client has closed its side behind its request', async () => {
    const client = await (await begin(way)).client();
    client.ask();
    client.socket.end();
    const bytes = await world.answered();
    await world.counts('answered');
    await sleep(slowMs);
    expect(await client.takes()).toEqual({ bytes, whole: true, rest: '' });
  });

  it('where the client closes its side when the answer is written', async () => {
    const client = await (await begin(way)).client();
    client.ask();
    const bytes = await world.answered();
    await world.counts('answered');
    client.socket.end();
    await sleep(slowMs);
    expect(await client.takes()).toEqual({ bytes, whole: true, rest: '' });
  });

  it('before a request whose body the client leaves unfinished', async () => {
    const client = await (await begin(way)).client();
    client.ask([], 'POST / HTTP/1.1\r\nHost: acme.lapidary.localhost\r\nContent-Length: 100\r\n\r\nhalf');
    const bytes = await world.answered();
    await world.counts('answered');
    client.socket.end();
    expect(await client.takes()).toMatchObject({ bytes, whole: true });
  });

  it('before one that goes to the general path, and its answer', async () => {
    const client = await (await begin(way)).client();
    client.ask([], 'GET /old HTTP/1.0\r\nHost: acme.lapidary.localhost\r\n\r\n');
    const bytes = await world.answered();
    await sleep(slowMs);
    const taken = await client.takes();
    expect(taken).toMatchObject({ bytes, whole: true });
    expect(taken.rest).toMatch(/^HTTP\/1.1 200 [^]*small$/);
  });

  it('before a refusal behind which nothing is read (I3)', async () => {
    await begin(way);
    world.traffic.route({ tenant: 'strict', strictIn: ['eu'] });
    const client = await world.client();
    client.ask([], 'POST / HTTP/1.1\r\nHost: strict.lapidary.localhost\r\nContent-Length: 100\r\n\r\n');
    const bytes = await world.answered();
    await sleep(slowMs);
    const taken = await client.takes();
    expect(taken).toMatchObject({ bytes, whole: true });
    expect(taken.rest).toMatch(/^HTTP\/1.1 307 /);
  });

  it('before one that breaks off, as far as that had come', async () => {
    const client = await (await begin(way)).client();
    client.ask([], 'GET /large HTTP/1.1\r\nHost: acme.lapidary.localhost\r\n\r\n');
    const bytes = await world.answered();
    await world.counts('answered');
    await world.breaksOff();
    await world.counts('cut');
    await sleep(slowMs);
    const taken = await client.takes();
    expect(taken).toMatchObject({ bytes, whole: true });
    expect(taken.rest).toMatch(/^HTTP\/1.1 200 /);
  });
});

describe.each(fastWays)('on the way "%s" a client that never reads', (way) => {
  const none = async (): Promise<true | undefined> => (await world.unsentBytes()) === 0 || undefined;
  const soon = { timeoutMs: 30_000, intervalMs: 20 };

  it.each([
    ['its connection closed', close, false],
    ['nothing, having closed its side', [], true],
  ])('and wants %s is ended after the idle time, and counted', async (_, fields, ends) => {
    const client = await (await begin(way, 2_000)).client();
    client.ask(fields);
    if (ends) client.socket.end();
    await world.answered();
    await world.counts('answered');
    expect(await world.givenUp('stalled')).toBe(0);
    await waitFor('its end', none, soon);
    expect(await world.givenUp('stalled')).toBe(1);
    expect((await client.takes()).whole).toBe(false);
  });

  it('and sends one request behind the other is read no further, whether they are answered or refused (C3)', async () => {
    const client = await (await begin(way)).client();
    const one = (host: string): string => `GET /small HTTP/1.1\r\nHost: ${host}.lapidary.localhost\r\n\r\n`;
    // So much at most, and what is written at once when it has been reached.
    const unsentBytesMax = 3 * 64 * 1024;
    client.ask();
    await world.answered();
    const requests = `${one('acme')}${one('nobody')}`.repeat(1_000);
    let sent = 0;
    for (let isTaken = true; isTaken && sent < 100; sent += 1) isTaken = client.socket.write(requests);
    await waitFor('the router to read no further', async () => (await world.unsentBytes()) >= 64 * 1024 || undefined, soon);
    let before = -1;
    const standsStill = async (): Promise<number | undefined> => {
      const now = await world.unsentBytes();
      const isSame = now === before;
      before = now;
      return isSame ? now : undefined;
    };
    expect(await waitFor('it to stand still', standsStill, { ...soon, intervalMs: 200 })).toBeLessThan(unsentBytesMax);
    client.socket.resume();
    await world.counts('unknown_tenant', 1_000 * sent);
    await world.counts('answered', 1_000 * sent + 1);
  });

  it('holds up a stop for as long as that has, and is counted', async () => {
    const client = await (await begin(way)).client();
    client.ask();
    await world.answered();
    await world.counts('answered');
    await world.traffic.server.drain(3_000);
    expect(await world.givenUp('stopped')).toBe(1);
    expect((await client.takes()).whole).toBe(false);
  });
});
