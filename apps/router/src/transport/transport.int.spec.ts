import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { queueMsMax } from '../closing.js';
import { GuardedTransport } from './guarded-transport.js';
import { NetTransport } from './net-transport.js';
import { slabs, type Slab } from './slab.js';
import { writeCopied } from './test-raw-tier.js';
import { settle, soon, StreamTransport, trustedHandles, WireWorld } from './wire-contract.fixture.js';

/** Every transport is held to the contract that stands in wire.ts. */
const transports = [
  ['tier A, sockets of node:net', () => new NetTransport()],
  ['tier B, handles', trustedHandles],
  ['streams that others have begun to read', () => new StreamTransport()],
  ['guarded', () => new GuardedTransport(trustedHandles(), () => undefined)],
] as const;

/** How many can be had at one time. */
const slabsThere = (): number => {
  const taken: Slab[] = [];
  for (let slab = slabs.take(); slab !== null; slab = slabs.take()) taken.push(slab);
  for (const slab of taken) slabs.giveBack(slab);
  return taken.length;
};

let world: WireWorld;
afterEach(() => world.end());

describe.each(transports)('%s', (_, make) => {
  beforeEach(async () => {
    world = new WireWorld(make());
    await world.begin();
  });

  it('tells reads in order, and both directions work', async () => {
    const { socket, recorder } = await world.client();
    socket.write('hello');
    await soon('the first read', () => recorder.text === 'hello');
    socket.write(' world');
    await soon('the second read', () => recorder.text === 'hello world');
    recorder.outside(() => recorder.wire.write('caf\xe9'));
    recorder.outside(() => recorder.wire.write(Buffer.from([0, 255])));
    const [first] = (await once(socket, 'data')) as [Buffer];
    expect(first.toString('latin1').startsWith('caf\xe9')).toBe(true);
    expect(recorder.wire.remoteAddress).toBe('127.0.0.1');
  });

  it('sends 20 MB of text and buffers in order to a slow reader, says when to hold back, and when it is through', async () => {
    const { peer, recorder } = await world.outgoing();
    const sent = createHash('sha256');
    const pieces = Array.from({ length: 320 }, (_u, i) => (i % 2 ? 'x\xe9'.repeat(32_768) : Buffer.alloc(65_536, i % 251)));
    let held = 0;
    for (const piece of pieces) {
      sent.update(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
      if (!recorder.outside(() => recorder.wire.write(piece))) held += 1;
    }
    expect(held).toBeGreaterThan(0);
    expect(recorder.wire.isCongested).toBe(true);
    recorder.wire.end();
    const got = createHash('sha256');
    for await (const chunk of peer) got.update(chunk as Buffer);
    expect(got.digest('hex')).toBe(sent.digest('hex'));
  });

  it('sends 20 MB that are lent, with text before and between other writes, though they change at once', async () => {
    const { peer, recorder } = await world.outgoing();
    const sent = createHash('sha256');
    const lent = Buffer.alloc(70_000);
    for (let i = 0; i < 300; i += 1) {
      const text = '\xe9'.repeat((i % 7) * 3_000);
      const [from, to] = [i, 70_000 - 13 * i];
      lent.fill(i % 251);
      sent.update(Buffer.from(text, 'latin1')).update(lent.subarray(from, to)).update('-');
      recorder.outside(() => writeCopied(recorder.wire, text, lent, from, to));
      lent.fill(0xff);
      recorder.outside(() => recorder.wire.write('-'));
    }
    expect(recorder.wire.isCongested).toBe(true);
    recorder.wire.end();
    const got = createHash('sha256');
    for await (const chunk of peer) got.update(chunk as Buffer);
    expect(got.digest('hex')).toBe(sent.digest('hex'));
  });

  it('sends 20 MB of small messages in slabs, each of which serves again at once, and keeps none of them', async () => {
    const before = slabsThere();
    const { peer, recorder } = await world.outgoing();
    const sent = createHash('sha256');
    for (let i = 0; i < 16_000; i += 1) {
      const lent = Buffer.alloc(500 + (i % 1_500), i % 251);
      sent.update(lent);
      recorder.outside(() => writeCopied(recorder.wire, '', lent, 0, lent.length));
    }
    expect(recorder.wire.isCongested).toBe(true);
    recorder.wire.end();
    const got = createHash('sha256');
    for await (const chunk of peer) got.update(chunk as Buffer);
    expect(got.digest('hex')).toBe(sent.digest('hex'));
    expect(slabsThere()).toBe(before);
  });

  it('tells onDrain when what waited has gone, and how much waits', async () => {
    const { peer, recorder } = await world.outgoing();
    expect(recorder.wire.unsentBytes).toBe(0);
    while (recorder.outside(() => recorder.wire.write(Buffer.alloc(65_536))));
    expect(recorder.calls).toEqual(['connect']);
    expect(recorder.wire.unsentBytes).toBeGreaterThan(0);
    peer.resume();
    await soon('the drain', () => recorder.calls.includes('drain'));
    expect(recorder.wire.isCongested).toBe(false);
    expect(recorder.wire.unsentBytes).toBe(0);
  });

  it('reads nothing while paused, so that the peer is held back, and everything afterwards', async () => {
    const { socket, recorder } = await world.client();
    recorder.outside(() => recorder.wire.pauseReads());
    const total = 30_000_000;
    socket.end(Buffer.alloc(total));
    await settle(world);
    expect(recorder.calls).toEqual([]);
    expect(socket.writableLength).toBeGreaterThan(0);
    recorder.outside(() => recorder.wire.resumeReads());
    await soon('all of it', () => recorder.bytesRead === total && recorder.calls.includes('end'));
  });

  it('that is paused within a read tells no second one', async () => {
    world.act = (call, wire) => {
      if (call === 'read') wire.pauseReads();
    };
    const { socket, recorder } = await world.client();
    socket.write(Buffer.alloc(500_000));
    await settle(world);
    expect(recorder.calls).toEqual(['read']);
    recorder.outside(() => recorder.wire.resumeReads());
    await soon('the next one', () => recorder.calls.length === 2);
  });

  it('tells the end of what the peer sends, and still sends', async () => {
    const { socket, recorder } = await world.client();
    socket.end('bye');
    await soon('the end', () => recorder.calls.includes('end'));
    recorder.wire.write('late');
    recorder.outside(() => recorder.wire.end());
    const [data] = (await once(socket, 'data')) as [Buffer];
    await once(socket, 'end');
    expect([String(data), recorder.text]).toEqual(['late', 'bye']);
    await soon('the close', () => recorder.calls.at(-1) === 'close');
    expect(recorder.calls.filter((call) => call === 'end')).toHaveLength(1);
  });

  it.each(['accepted', 'outgoing'])('tells a reset once, as the last call (%s)', async (side) => {
    const { peer, recorder } = side === 'outgoing' ? await world.outgoing() : await world.client().then((c) => ({ peer: c.socket, ...c }));
    peer.resetAndDestroy();
    await soon('the close', () => recorder.calls.some((call) => call.startsWith('close')));
    for (let i = 0; i < 3; i += 1) recorder.outside(() => recorder.wire.write('x'));
    recorder.outside(() => recorder.wire.end());
    await settle(world);
    expect(recorder.calls.filter((call) => call.startsWith('close'))).toEqual([recorder.calls.at(-1)]);
  });

  it('a write that fails is told later, never from within, and a burst of them does no harm', async () => {
    const { socket, recorder } = await world.client();
    recorder.wire.pauseReads();
    socket.resetAndDestroy();
    await settle(world);
    for (let i = 0; i < 50; i += 1) recorder.outside(() => recorder.wire.write(Buffer.alloc(100_000)));
    await soon('the close', () => recorder.calls.some((call) => call.startsWith('close')));
    expect(recorder.calls).toHaveLength(1);
  });

  it.each(['read', 'end', 'drain'])('after destroy() within %s nothing more is told', async (when) => {
    world.act = (call, wire) => {
      if (call === when) wire.destroy();
    };
    const { socket, recorder } = await world.client();
    if (when === 'drain') {
      while (recorder.outside(() => recorder.wire.write(Buffer.alloc(65_536))));
      socket.resume();
    } else socket.end('x'.repeat(200_000));
    await soon(when, () => recorder.calls.includes(when));
    await settle(world);
    expect(recorder.calls.at(-1)).toBe(when);
    recorder.wire.write('x');
    recorder.wire.resumeReads();
    recorder.wire.destroy();
  });

  it('destroy() and reset() are seen by the peer', async () => {
    const one = await world.client();
    one.recorder.wire.reset();
    const [error] = (await once(one.socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
    const two = await world.client();
    two.socket.resume();
    two.recorder.wire.destroy();
    await once(two.socket, 'end');
    await settle(world);
    expect([one.recorder.calls, two.recorder.calls]).toEqual([[], []]);
  });

  it('a refused connection is told as its close', async () => {
    const port = await world.server(() => undefined);
    const recorder = world.connect(port);
    await soon('the connection', () => recorder.calls.includes('connect'));
    recorder.wire.destroy();
    const refused = world.connect(1);
    await soon('the refusal', () => refused.calls.length > 0);
    expect(refused.calls).toEqual(['close ECONNREFUSED']);
  });

  it('a connection that is given up before it is there tells nothing', async () => {
    const port = await world.server(() => undefined);
    const recorder = world.connect(port);
    recorder.wire.destroy();
    await settle(world);
    expect(recorder.calls).toEqual([]);
  });

  it('hands a connection over with the bytes that were read, as a stream', async () => {
    const { socket, recorder } = await world.client();
    socket.write('one ');
    await soon('the first bytes', () => recorder.text === 'one ');
    const stream = recorder.wire.handOver(Buffer.from('unread '));
    let text = '';
    stream.on('data', (chunk: Buffer) => (text += chunk.toString())).resume();
    socket.write('two');
    await soon('the rest', () => text === 'unread two');
    stream.write('back');
    expect(String((await once(socket, 'data'))[0])).toBe('back');
    socket.end();
    await once(stream, 'end');
    stream.end();
    await once(socket, 'end');
    expect(recorder.calls).toEqual(['read']);
  });

  it('a stream that is handed over holds back a peer whose bytes nobody reads', async () => {
    const { socket, recorder } = await world.client();
    const stream = recorder.wire.handOver(Buffer.alloc(0));
    const total = 30_000_000;
    socket.end(Buffer.alloc(total));
    await settle(world);
    expect(socket.writableLength).toBeGreaterThan(0);
    let bytes = 0;
    for await (const chunk of stream) bytes += (chunk as Buffer).length;
    expect(bytes).toBe(total);
  });

  it('closed for new connections, it goes on with those that are there', async () => {
    const { socket, recorder } = await world.client();
    await world.stopListening();
    const late = world.connect(world.port);
    await soon('the refusal', () => late.calls.length > 0);
    socket.write('still here');
    await soon('the read', () => recorder.text === 'still here');
  });

  it('is closed at once, though a client leaves a connection open that we have ended', async () => {
    const { socket, recorder } = await world.client();
    recorder.wire.destroy();
    await once(socket.resume(), 'end');
    const beganMs = performance.now();
    await world.stopListening();
    expect(performance.now() - beganMs).toBeLessThan(queueMsMax);
  });
});

it('a fault in a handler is reported, costs its connection only, and the handler is told of the close', async () => {
  const reported: unknown[] = [];
  world = new WireWorld(new GuardedTransport(trustedHandles(), (error) => reported.push(error)));
  world.act = (call) => {
    if (call === 'read') throw new Error('broken');
  };
  await world.begin();
  const { socket, recorder } = await world.client();
  socket.write('x');
  await once(socket.resume(), 'end');
  expect([String(reported[0]), recorder.calls]).toEqual(['Error: broken', ['read', 'close internal']]);
  world.act = () => undefined;
  await settle(world);
});
