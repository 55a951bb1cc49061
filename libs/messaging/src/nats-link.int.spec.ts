import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { headers, type Msg } from '@nats-io/transport-node';
import { z } from 'zod';
import { AppError } from '@lapidary/kernel/app-error';
import { waitFor } from '@lapidary/kernel/wait-for';
import { freshRegion, testNats } from '@lapidary/testing/backends';
import { NatsLink } from './nats-link.js';
import { ensureStream, geoStreamShape, publishToStream } from './streams.js';

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
const Num = z.object({ n: z.number() });

const natsServer = (): string => {
  const asked = process.env['LAPIDARY_NATS_SERVER'];
  const places = [...(process.env['PATH'] ?? '').split(delimiter), join(process.cwd(), '.lapidary/bin')].map((p) => join(p, 'nats-server'));
  const found = [...(asked ? [asked] : []), ...places].find((file) => existsSync(file));
  if (!found) throw new Error('no nats-server to start');
  return found;
};

const start = async (port: number, dir: string, scheme = 'nats', more: readonly string[] = []): Promise<ChildProcess> => {
  const common = ['-js', '-sd', dir, '-a', '127.0.0.1'];
  const child = spawn(natsServer(), [...common, ...(await listening(scheme, port, dir)), ...more], { stdio: 'ignore' });
  await once(child, 'spawn');
  return child;
};
const listening = async (scheme: string, port: number, dir: string): Promise<string[]> => {
  if (scheme === 'nats') return ['-p', String(port)];
  const file = join(dir, 'websocket.conf');
  await writeFile(file, `websocket { listen: "127.0.0.1:${port}", no_tls: true }`);
  return ['-c', file, '-p', String(await freePort())];
};
const kill = async (child: ChildProcess): Promise<void> => {
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
};
const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
};

afterEach(async () => {
  await Promise.all(links.splice(0).map(async (link) => link.close()));
});

describe('a link', () => {
  it.each(['nats', 'ws'])('over %s:// starts without a server, and serves when the server comes, dies and comes back', async (scheme) => {
    const [port, dir] = [await freePort(), await mkdtemp(join(tmpdir(), 'nats-'))];
    const url = `${scheme}://127.0.0.1:${port}`;
    const [server, client] = [linkTo(url), linkTo(url)];
    let connects = 0;
    server.onConnected(() => connects++);
    server.serveJson('double', Num, ({ n }) => ({ n: n * 2 }));
    expect(() => client.connection).toThrow(expect.objectContaining({ code: 'not_ready' }));
    await expect(client.requestJson('double', { n: 1 }, Num, 100)).rejects.toMatchObject({ code: 'not_ready' });
    for (let life = 1; life <= 2; life++) {
      const child = await start(port, dir, scheme);
      try {
        await Promise.all([up(server), up(client)]);
        const answer = await waitFor('an answer', async () => client.requestJson('double', { n: life }, Num, 500).catch(() => undefined), {
          timeoutMs: 60_000,
        });
        expect(answer).toEqual({ n: life * 2 });
        const shape = geoStreamShape('eu');
        expect((await ensureStream(client, shape)).messages).toBe(life - 1);
        await publishToStream(client, 'geo.eu.events', `life ${life}`);
      } finally {
        await kill(child);
      }
      await waitFor('the loss to be noticed', () => (!client.isConnected && !server.isConnected) || undefined, {
        timeoutMs: 60_000,
        intervalMs: 10,
      });
    }
    expect(connects).toBe(2);
    await rm(dir, { recursive: true });
  });

  it('says what keeps it from its server: nobody there, or one that does not let it in, as of a region of protocol 1', async () => {
    const [port, dir] = [await freePort(), await mkdtemp(join(tmpdir(), 'nats-'))];
    const link = new NatsLink({ url: `nats://127.0.0.1:${port}`, user: 'eu', password: 'of eu', name: 'test', logger });
    links.push(link);
    const says = async (words: string, isRefused: boolean): Promise<void> =>
      void (await waitFor(words, () => (link.problem?.text.includes(words) && link.problem.isRefused === isRefused) || undefined, {
        timeoutMs: 60_000,
      }));
    await says('Nobody listens', false);
    let child = await start(port, dir, 'nats', ['--user', 'peers', '--pass', 'of all']);
    await says('refuses user "eu"', true);
    await kill(child);
    child = await start(port, dir);
    await up(link);
    expect(link.problem).toBeNull();
    await kill(child);
    await rm(dir, { recursive: true });
  });

  it('answers errors as errors: of the handler, of the schema, of nobody there, of no answer', async () => {
    const link = linkTo(testNats().url);
    await up(link);
    const subject = freshRegion();
    const stop = link.serveJson(subject, Num, async ({ n }) => {
      if (n === 1) throw new AppError('name_taken', 'taken', { details: { by: 'me' }, internal: 'secret' });
      if (n === 2) throw new Error('secret');
      if (n === 3) await sleep(500);
      return n === 4 ? { wrong: true } : { n };
    });
    const ask = async (body: unknown, timeoutMs = 2_000): Promise<unknown> => link.requestJson(subject, body, Num, timeoutMs);
    await expect(ask({ n: 1 })).rejects.toMatchObject({ code: 'name_taken', message: 'taken', details: { by: 'me' } });
    const internal = await ask({ n: 2 }).catch((error: unknown) => error as AppError);
    expect([(internal as AppError).code, JSON.stringify(internal)]).toEqual(['internal', expect.not.stringContaining('secret')]);
    await expect(ask({ n: 3 }, 50)).rejects.toMatchObject({ code: 'timeout' });
    await expect(ask({ n: 4 })).rejects.toMatchObject({ code: 'invalid_input' });
    await expect(ask({ n: 'x' })).rejects.toMatchObject({ code: 'invalid_input', fields: [{ path: 'n' }] });
    stop();
    await expect(ask({ n: 5 })).rejects.toMatchObject({ code: 'not_ready' });
  });

  it('answers into inboxes only: whoever asks can’t have it speak on another subject', async () => {
    const link = linkTo(testNats().url);
    await up(link);
    const subject = freshRegion();
    const said: string[] = [];
    link.serveJson(subject, Num, ({ n }) => ({ n }));
    link.connection.subscribe(`${subject}.events`, { callback: (_, msg) => void said.push(msg.string()) });
    link.connection.publish(subject, '{"n":1}', { reply: `${subject}.events` });
    // Answered in their order: after this one's answer, that one's would have been there.
    expect(await link.requestJson(subject, { n: 2 }, Num, 2_000)).toEqual({ n: 2 });
    await link.connection.flush();
    expect(said).toEqual([]);
  });

  it('compresses long answers for who takes that, and only for them', async () => {
    const link = linkTo(testNats().url);
    await up(link);
    const subject = freshRegion();
    const Text = z.object({ text: z.string() });
    const stop = link.serveJson(subject, Text, ({ text }) => ({ text: text.repeat(1_000) }));
    expect(await link.requestJson(subject, { text: 'abc' }, Text, 2_000)).toEqual({ text: 'abc'.repeat(1_000) });
    const ask = async (accept: string | null): Promise<Msg> => {
      const h = headers();
      if (accept !== null) h.set('Accept-Encoding', accept);
      return await link.connection.request(subject, JSON.stringify({ text: 'abc' }), { timeout: 2_000, headers: h });
    };
    const [packed, plain, other] = [await ask('br'), await ask(null), await ask('gzip')];
    expect([packed.headers?.get('Content-Encoding'), packed.data.length < 100]).toEqual(['br', true]);
    for (const message of [plain, other]) expect(message.json()).toEqual({ text: 'abc'.repeat(1_000) });
    stop();
  });

  it('answers by columns where things are alike and who asks reads them, an older version as before, and refuses rotten ones', async () => {
    const link = linkTo(testNats().url);
    await up(link);
    const subject = freshRegion();
    const Many = z.object({ many: z.array(z.object({ n: z.number() })) });
    const answer = { many: Array.from({ length: 500 }, (_, n) => ({ n })) };
    const stop = link.serveJson(subject, z.object({}), () => answer, { alike: true });
    expect(await link.requestJson(subject, {}, Many, 2_000)).toEqual(answer);
    const old = headers();
    old.set('Accept-Encoding', 'br');
    const ours = headers();
    for (const form of ['br', 'lapidary-columns-1']) ours.append('Accept-Encoding', form);
    const [asBefore, byColumns] = await Promise.all(
      [old, ours].map((h) => link.connection.request(subject, '{}', { timeout: 2_000, headers: h })),
    );
    expect([asBefore!.headers?.get('Content-Encoding'), byColumns!.headers?.get('Content-Encoding')]).toEqual(['br', 'lapidary-columns-1']);
    expect(byColumns!.data.length).toBeLessThan(asBefore!.data.length / 2);
    stop();
    const rotten = Uint8Array.from(byColumns!.data);
    rotten[rotten.length - 2]! ^= 4;
    link.connection.subscribe(`${subject}.rotten`, { callback: (_, m) => void m.respond(rotten, { headers: byColumns!.headers! }) });
    await expect(link.requestJson(`${subject}.rotten`, {}, Many, 2_000)).rejects.toMatchObject({ code: 'invalid_input' });
  });

  it('refuses more at once than it was told to take, and lets one of a queue answer', async () => {
    const link = linkTo(testNats().url);
    await up(link);
    const subject = freshRegion();
    let calls = 0;
    let refused = 0;
    let allRefused = (): void => undefined;
    // Who was taken is under way until all others are refused: on a slow machine the thirty come one after another.
    const others = new Promise<void>((resolve) => (allRefused = resolve));
    for (let i = 0; i < 2; i++) {
      link.serveJson(
        subject,
        Num,
        async (r) => {
          calls++;
          await others;
          return r;
        },
        { queue: 'q', inFlightMax: 3 },
      );
    }
    const answers = await Promise.allSettled(
      Array.from({ length: 30 }, async (_, n) =>
        link.requestJson(subject, { n }, Num, 30_000).catch((error: unknown) => {
          refused += 1;
          if (refused === 24) allRefused();
          throw error;
        }),
      ),
    );
    expect([calls, refused]).toEqual([6, 24]);
    for (const answer of answers) if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'overloaded' });
  });
});
