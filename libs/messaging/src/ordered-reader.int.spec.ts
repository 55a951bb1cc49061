import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '@lapidary/kernel/wait-for';
import { freshRegion, testNats } from '@lapidary/testing/backends';
import { NatsLink } from './nats-link.js';
import { OrderedReader, type ReaderEnd } from './ordered-reader.js';
import { deleteStream, directoryStreamShape, ensureStream, geoStreamShape, lastMessage, publishToStream, streamState } from './streams.js';

const logger = { info: () => undefined, warn: () => undefined };
const links: NatsLink[] = [];
const linkTo = (url: string): NatsLink => {
  const link = new NatsLink({ url, name: 'test', logger });
  links.push(link);
  return link;
};
const up = async (link: NatsLink): Promise<void> => {
  await waitFor('the link', () => link.isConnected || undefined, { timeoutMs: 60_000, intervalMs: 10 });
};
/** Stands between client and server: lets through, cuts (TCP reset) or swallows (a black hole). */
class Proxy {
  private mode: 'up' | 'cut' | 'hole' = 'up';
  /** The next that has this in it is swallowed, alone. */
  swallows: string | null = null;
  private readonly sockets = new Set<Socket>();
  private constructor(private readonly server: Server) {}

  static async to(url: string): Promise<Proxy> {
    const { hostname, port } = new URL(url);
    const server = createServer();
    const proxy = new Proxy(server);
    server.on('connection', (client) => {
      if (proxy.mode === 'cut') return client.destroy();
      const upstream = connect(Number(port), hostname);
      for (const [from, to] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        proxy.sockets.add(from);
        from.on('data', (data: Buffer) => {
          if (proxy.swallows !== null && data.includes(proxy.swallows)) return void (proxy.swallows = null);
          if (proxy.mode !== 'hole') to.write(data);
        });
        from.on('error', () => undefined);
        from.on('close', () => {
          proxy.sockets.delete(from);
          to.destroy();
        });
      }
      return client;
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get url(): string {
    return `nats://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }
  set(mode: 'up' | 'cut' | 'hole'): void {
    this.mode = mode;
    if (mode === 'cut') for (const socket of this.sockets) socket.resetAndDestroy();
  }
  stop(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

afterEach(async () => {
  await Promise.all(links.splice(0).map(async (link) => link.close()));
});

describe('an ordered reader', () => {
  it.each(['cut', 'hole'] as const)('resumes from its caller’s cursor after a %s, without a gap or a repeat', async (how) => {
    const region = freshRegion();
    const near = linkTo(testNats().url);
    const proxy = await Proxy.to(testNats().url);
    const far = linkTo(proxy.url);
    await Promise.all([up(near), up(far)]);
    const { name } = await ensureStream(near, geoStreamShape(region)).then(() => geoStreamShape(region));
    const got: number[] = [];
    const ends: ReaderEnd[] = [];
    let stopped = false;
    const reading = (async () => {
      while (!stopped) {
        try {
          const reader = await OrderedReader.open(far, {
            stream: name,
            fromSequence: got.length + 1,
            onMessage: (m) => void got.push(m.sequence),
          });
          void waitFor('the stop', () => stopped || undefined, { timeoutMs: 60_000 }).then(
            async () => reader.stop(),
            () => undefined,
          );
          ends.push(await reader.ended);
          if (ends.at(-1) === 'heartbeats-missed') await far.forceReconnect();
        } catch {
          await sleep(50);
        }
      }
    })();
    const publish = async (n: number): Promise<void> => {
      await Promise.all(Array.from({ length: n }, async () => publishToStream(near, `geo.${region}.events`, 'x')));
    };
    await publish(100);
    await waitFor('the first messages', () => got.length === 100 || undefined, { timeoutMs: 60_000, intervalMs: 5 });
    proxy.set(how);
    await publish(300);
    await waitFor('the reader to notice', () => ends.length > 0 || undefined, { timeoutMs: 60_000 });
    proxy.set('up');
    await waitFor('all messages', () => got.length >= 400 || undefined, { timeoutMs: 60_000, intervalMs: 5 });
    expect(got).toEqual(Array.from({ length: 400 }, (_, i) => i + 1));
    expect(ends.slice(0, 1)).toEqual([how === 'cut' ? 'disconnected' : 'heartbeats-missed']);
    stopped = true;
    await reading;
    await deleteStream(near, name);
    proxy.stop();
  });

  it('ends where a message did not arrive, and gives nothing that came after it', async () => {
    const region = freshRegion();
    const near = linkTo(testNats().url);
    const proxy = await Proxy.to(testNats().url);
    const far = linkTo(proxy.url);
    await Promise.all([up(near), up(far)]);
    const { name } = geoStreamShape(region);
    await ensureStream(near, geoStreamShape(region));
    const got: string[] = [];
    const onMessage = ({ data }: { data: Uint8Array }): void => void got.push(Buffer.from(data).toString());
    const reader = await OrderedReader.open(far, { stream: name, fromSequence: 1, onMessage });
    const publish = async (text: string): Promise<void> => void (await publishToStream(near, `geo.${region}.events`, text));
    await publish('first');
    await waitFor('the first', () => got.length === 1 || undefined, { timeoutMs: 60_000, intervalMs: 5 });
    proxy.swallows = 'second';
    await publish('second');
    // Each in a packet of its own: with it nothing else is lost.
    await waitFor('the second to be swallowed', () => proxy.swallows === null || undefined, { timeoutMs: 60_000, intervalMs: 5 });
    await publish('third');
    expect(await reader.ended).toBe('message-lost');
    expect(got).toEqual(['first']);
    await deleteStream(near, name);
    proxy.stop();
  });

  it('that begins now gives what is stored from then on, and says after what', async () => {
    const region = freshRegion();
    const link = linkTo(testNats().url);
    await up(link);
    const { name } = geoStreamShape(region);
    await ensureStream(link, geoStreamShape(region));
    const publish = async (text: string): Promise<void> => void (await publishToStream(link, `geo.${region}.events`, text));
    for (const text of ['a', 'b', 'c']) await publish(text);
    const got: [number, string][] = [];
    const onMessage = ({ sequence, data }: { sequence: number; data: Uint8Array }): void =>
      void got.push([sequence, Buffer.from(data).toString()]);
    const reader = await OrderedReader.open(link, { stream: name, fromSequence: 'now', onMessage });
    expect(reader.after).toBe(3);
    await publish('d');
    await waitFor('the new one', () => got.length > 0 || undefined, { timeoutMs: 60_000, intervalMs: 5 });
    expect(got).toEqual([[4, 'd']]);
    await reader.stop();
    await deleteStream(link, name);
  });

  it('ends when its stream is deleted, when its handler throws, and when it is stopped', async () => {
    const region = freshRegion();
    const link = linkTo(testNats().url);
    await up(link);
    const { name } = geoStreamShape(region);
    await ensureStream(link, geoStreamShape(region));
    const open = async (onMessage: () => void): Promise<OrderedReader> =>
      OrderedReader.open(link, { stream: name, fromSequence: 1, onMessage });
    const stopped = await open(() => undefined);
    await stopped.stop();
    expect(await stopped.ended).toBe('stopped');
    const failing = await open(() => {
      throw new Error('mine');
    });
    await publishToStream(link, `geo.${region}.events`, 'x');
    expect(await failing.ended).toBe('failed');
    expect(failing.failure).toMatchObject({ message: 'mine' });
    const orphan = await open(() => undefined);
    await deleteStream(link, name);
    expect(['stream-gone', 'heartbeats-missed']).toContain(await orphan.ended);
    await expect(open(() => undefined)).rejects.toMatchObject({ code: 'not_ready' });
  });

  it('is not taken for dead while its handler is slow', async () => {
    const region = freshRegion();
    const link = linkTo(testNats().url);
    await up(link);
    await ensureStream(link, geoStreamShape(region));
    for (let i = 0; i < 3; i++) await publishToStream(link, `geo.${region}.events`, 'x');
    let got = 0;
    const reader = await OrderedReader.open(link, {
      stream: geoStreamShape(region).name,
      fromSequence: 1,
      onMessage: async () => {
        await sleep(2_500);
        got++;
      },
    });
    await waitFor('all three', () => got === 3 || undefined, { timeoutMs: 60_000 });
    await reader.stop();
    expect(await reader.ended).toBe('stopped');
    await deleteStream(link, geoStreamShape(region).name);
  });
});

describe('streams', () => {
  it('keep the newest message of a subject, drop a repeat by its id, and can be made by several at once', async () => {
    const region = freshRegion();
    const link = linkTo(testNats().url);
    await up(link);
    const shape = directoryStreamShape(region, 'g1');
    await Promise.all(Array.from({ length: 5 }, async () => ensureStream(link, shape)));
    for (const text of ['one', 'two']) await publishToStream(link, `dir.${region}.tenant.a`, text);
    expect(await streamState(link, shape.name)).toMatchObject({ messages: 1, lastSequence: 2, description: 'g1' });
    expect(Buffer.from((await lastMessage(link, shape.name, `dir.${region}.tenant.a`))!).toString()).toBe('two');
    expect(await lastMessage(link, shape.name, `dir.${region}.tenant.b`)).toBeNull();
    await ensureStream(link, geoStreamShape(region));
    expect((await publishToStream(link, `geo.${region}.events`, 'x', 'id-1')).duplicate).toBe(false);
    expect((await publishToStream(link, `geo.${region}.events`, 'x', 'id-1')).duplicate).toBe(true);
    await Promise.all([deleteStream(link, shape.name), deleteStream(link, geoStreamShape(region).name)]);
    expect(await streamState(link, shape.name)).toBeNull();
    await expect(publishToStream(link, `geo.${region}.events`, 'x')).rejects.toMatchObject({ code: 'not_ready' });
  });
});
