import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '@lapidary/kernel/wait-for';
import { slowWays, SlowWorld, type SlowWay } from './slow/slow-world.ts';

/** A client is slow that reads nothing for longer than a connection is kept behind its answer when nobody is waited for. */
const slowMs = 1_500;
const fastWays = slowWays.filter((way) => way !== 'general');
const close = ['Connection: close'];

/** In a world of its own, beside the others: nearly all of their time is one in which a client reads nothing. */
const inWorld =
  (test: (world: SlowWorld, way: SlowWay) => Promise<void>, idleMs?: number) =>
  async (way: SlowWay): Promise<void> => {
    const world = await SlowWorld.begin(way, idleMs);
    await test(world, way).finally(() => world.end());
  };

describe('an answer of some MB, whose last bytes wait for a slow client, comes whole', () => {
  it.concurrent.each(slowWays)(
    '%s: where the client wants its connection closed',
    inWorld(async (world) => {
      const client = await world.client();
      client.ask(close);
      const bytes = await world.answered();
      await sleep(slowMs);
      expect(await client.takes()).toEqual({ bytes, whole: true, rest: '' });
    }),
  );

  it.concurrent.each(slowWays)(
    '%s: while the router drains, which is not over before',
    inWorld(async (world) => {
      const client = await world.client();
      client.ask();
      const bytes = await world.answered();
      let drained = false;
      const drain = world.traffic.server.drain(20_000).then(() => (drained = true));
      await sleep(slowMs);
      expect(drained).toBe(false);
      expect(await client.takes()).toEqual({ bytes, whole: true, rest: '' });
      await drain;
    }),
  );

  it.concurrent.each(slowWays)(
    '%s: before what is no request',
    inWorld(async (world) => {
      const client = await world.client();
      client.ask([], 'no request\r\n\r\n');
      const bytes = await world.answered();
      await sleep(slowMs);
      const taken = await client.takes();
      expect(taken).toMatchObject({ bytes, whole: true });
      expect(taken.rest).toMatch(/^HTTP\/1.1 400 |^$/);
    }),
  );
});

describe('a refusal', () => {
  it.concurrent.each(slowWays)(
    '%s: is seen by a client that sends all of its body before it reads, and wants its connection closed',
    inWorld(async (world) => {
      world.traffic.route({ status: 'suspended' });
      const client = await world.client();
      client.send('POST / HTTP/1.1', [...close, 'Content-Length: 2000000']);
      for (let i = 0; i < 20; i += 1) {
        client.socket.write(Buffer.alloc(100_000));
        await sleep(slowMs / 20);
      }
      expect(await client.text(/}$/)).toMatch(/^HTTP\/1.1 503 /);
      expect(client.error).toBe(null);
    }),
  );

  it.concurrent.each(slowWays)(
    '%s: of what is no request comes behind an answer that waits',
    inWorld(async (world, way) => {
      const client = await world.client();
      client.ask();
      const bytes = await world.answered();
      if (way !== 'general') await world.counts('answered');
      client.socket.write('no request\r\n\r\n');
      await sleep(slowMs);
      expect(await client.takes()).toMatchObject({ bytes, whole: true });
    }),
  );
});

describe('such an answer comes whole, too', () => {
  it.concurrent.each(fastWays)(
    '%s: where the client has closed its side behind its request',
    inWorld(async (world) => {
      const client = await world.client();
      client.ask();
      client.socket.end();
      const bytes = await world.answered();
      await world.counts('answered');
      await sleep(slowMs);
      expect(await client.takes()).toEqual({ bytes, whole: true, rest: '' });
    }),
  );

  it.concurrent.each(fastWays)(
    '%s: where the client closes its side when the answer is written',
    inWorld(async (world) => {
      const client = await world.client();
      client.ask();
      const bytes = await world.answered();
      await world.counts('answered');
      client.socket.end();
      await sleep(slowMs);
      expect(await client.takes()).toEqual({ bytes, whole: true, rest: '' });
    }),
  );

  it.concurrent.each(fastWays)(
    '%s: before a request whose body the client leaves unfinished',
    inWorld(async (world) => {
      const client = await world.client();
      client.ask([], 'POST / HTTP/1.1\r\nHost: acme.lapidary.localhost\r\nContent-Length: 100\r\n\r\nhalf');
      const bytes = await world.answered();
      await world.counts('answered');
      client.socket.end();
      expect(await client.takes()).toMatchObject({ bytes, whole: true });
    }),
  );

  it.concurrent.each(fastWays)(
    '%s: before one that goes to the general path, and its answer',
    inWorld(async (world) => {
      const client = await world.client();
      client.ask([], 'GET /old HTTP/1.0\r\nHost: acme.lapidary.localhost\r\n\r\n');
      const bytes = await world.answered();
      await sleep(slowMs);
      const taken = await client.takes();
      expect(taken).toMatchObject({ bytes, whole: true });
      expect(taken.rest).toMatch(/^HTTP\/1.1 200 [^]*small$/);
    }),
  );

  it.concurrent.each(fastWays)(
    '%s: before a refusal behind which nothing is read (I3)',
    inWorld(async (world) => {
      world.traffic.route({ tenant: 'strict', strictIn: ['eu'] });
      const client = await world.client();
      client.ask([], 'POST / HTTP/1.1\r\nHost: strict.lapidary.localhost\r\nContent-Length: 100\r\n\r\n');
      const bytes = await world.answered();
      await sleep(slowMs);
      const taken = await client.takes();
      expect(taken).toMatchObject({ bytes, whole: true });
      expect(taken.rest).toMatch(/^HTTP\/1.1 307 /);
    }),
  );

  it.concurrent.each(fastWays)(
    '%s: before one that breaks off, as far as that had come',
    inWorld(async (world) => {
      const client = await world.client();
      client.ask([], 'GET /large HTTP/1.1\r\nHost: acme.lapidary.localhost\r\n\r\n');
      const bytes = await world.answered();
      await world.counts('answered');
      await world.breaksOff();
      await world.counts('cut');
      await sleep(slowMs);
      const taken = await client.takes();
      expect(taken).toMatchObject({ bytes, whole: true });
      expect(taken.rest).toMatch(/^HTTP\/1.1 200 /);
    }),
  );
});

describe('a client that never reads', () => {
  const wishes = [
    ['its connection closed', close, false],
    ['nothing, having closed its side', [], true],
  ] as const;
  const soon = { timeoutMs: 60_000, intervalMs: 20 };

  it.concurrent.each(fastWays.flatMap((way) => wishes.map((wish) => [way, ...wish] as const)))(
    '%s: and wants %s is ended after the idle time, and counted',
    (way, _, fields, ends) =>
      inWorld(async (world) => {
        const client = await world.client();
        client.ask(fields);
        if (ends) client.socket.end();
        await world.answered();
        await world.counts('answered');
        expect(await world.givenUp('stalled')).toBe(0);
        await waitFor('its end', async () => (await world.unsentBytes()) === 0 || undefined, soon);
        expect(await world.givenUp('stalled')).toBe(1);
        expect((await client.takes()).whole).toBe(false);
      }, 5_000)(way),
  );

  it.each(fastWays)(
    '%s: and sends one request behind the other is read no further, whether they are answered or refused (C3)',
    inWorld(async (world) => {
      const client = await world.client();
      // Of so many bytes that some thousand are more than the kernel keeps, and their answers far more than the router may.
      const filler = 'x'.repeat(2_000);
      const one = (host: string): string => `GET /small HTTP/1.1\r\nHost: ${host}.lapidary.localhost\r\nX-Filler: ${filler}\r\n\r\n`;
      // So much at most, and what is written at once when it has been reached.
      const unsentBytesMax = 3 * 64 * 1024;
      client.ask();
      await world.answered();
      const requests = `${one('acme')}${one('nobody')}`.repeat(50);
      let sent = 0;
      for (let isTaken = true; sent < 40 || (isTaken && sent < 100); sent += 1) isTaken = client.socket.write(requests);
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
      await world.counts('unknown_tenant', 50 * sent);
      await world.counts('answered', 50 * sent + 1);
    }),
  );

  it.concurrent.each(fastWays)(
    '%s: holds up a stop for as long as that has, and is counted',
    inWorld(async (world) => {
      const client = await world.client();
      client.ask();
      await world.answered();
      await world.counts('answered');
      await world.traffic.server.drain(3_000);
      expect(await world.givenUp('stopped')).toBe(1);
      expect((await client.takes()).whole).toBe(false);
    }),
  );
});
