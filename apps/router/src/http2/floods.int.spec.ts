import { constants } from 'node:http2';
import { bodiesMayCome, Http2World, stillServes, until, withFields } from './http2-world.fixture.js';
import { startRawUpstream } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { patientPolicy } from '../traffic.fixture.js';
import { resetsMax } from './session-watch.js';
import {
  data,
  endHeaders,
  endStream,
  frame,
  headers,
  reset,
  types,
  usual,
  windowUpdate,
  type Fields,
  type Http2Wire,
} from './wire.fixture.js';

describe('a client that floods is cut off, and nobody else', () => {
  let world: Http2World;
  beforeAll(async () => void (world = await Http2World.begin()));
  afterAll(() => world.end());

  const cutOff = (wire: Http2Wire): Promise<void> => until('the connection to end', () => wire.closed);
  /** Odd numbers are the client's (RFC 9113 §5.1.1). */
  const streams = (count: number, from = 1): number[] => Array.from({ length: count }, (_, i) => from + 2 * i);

  it.each([
    ['cancelling', constants.NGHTTP2_CANCEL],
    ['without calling it an error', constants.NGHTTP2_NO_ERROR],
  ])('opening and resetting streams (CVE-2023-44487), %s: told to be calm, and no work is left behind', async (_, code) => {
    const before = await world.endedFor('resets');
    const wire = await world.open();
    for (const some of [streams(100), streams(100, 201), streams(100, 401)]) {
      wire.send(...some.flatMap((stream) => [headers(stream, usual('GET', '/hold')), reset(stream, code)]));
    }
    await cutOff(wire);
    expect(wire.goaway).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    expect(await world.endedFor('resets')).toBe(before + 1);
    expect(await world.endedFor('protocol')).toBe(0);
    await world.nothingUnderWay();
  });

  it('as many resets as a browser may need are nothing', async () => {
    const wire = await world.open();
    for (const stream of streams(resetsMax)) wire.send(headers(stream, usual('GET', '/hold')), reset(stream));
    await stillServes(wire, 2 * resetsMax + 1);
    await world.nothingUnderWay();
    wire.socket.destroy();
  });

  it('making us reset streams (CVE-2025-8671)', async () => {
    const wire = await world.open();
    for (const stream of streams(resetsMax + 50)) wire.send(headers(stream, usual('GET', '/hold')), windowUpdate(stream, 0));
    await cutOff(wire);
    await world.nothingUnderWay();
  });

  it.each<[string, () => Buffer[]]>([
    [
      'continuing headers without end (CVE-2024-27316)',
      () => [
        headers(1, usual(), endStream),
        ...Array.from({ length: 1_000 }, (_, i) => frame(types.continuation, 0, 1, Buffer.from([0x10, 1, 0x61, 1, 0x30 + (i % 10)]))),
      ],
    ],
    [
      'continuing headers with nothing',
      () => [headers(1, usual(), endStream), ...Array.from({ length: 1_000 }, () => frame(types.continuation, 0, 1))],
    ],
    ['with messages that are malformed', () => streams(300).map((stream) => headers(stream, withFields(['connection', 'close'])))],
    ['with data for nobody', () => [data(0, 'x')]],
    ['with headers on our streams', () => [headers(2, usual())]],
    ['with a frame beyond the limit', () => [frame(types.data, 0, 1, Buffer.alloc(20_000))]],
    ['with broken HPACK', () => [frame(types.headers, endStream | endHeaders, 1, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))]],
    ['with an empty settings acknowledgement that has a body', () => [frame(types.settings, 1, 0, Buffer.alloc(6))]],
    ['growing our window beyond the limit', () => [windowUpdate(0, 0x7fffffff)]],
  ])('%s', async (_, frames) => {
    const before = world.seen.length;
    const wire = await world.open();
    wire.send(...frames());
    await cutOff(wire);
    expect(world.seen).toHaveLength(before);
    const other = await world.open();
    await stillServes(other, 1);
    other.socket.destroy();
  });

  it.each(['GET / HTTP/1.1\r\nHost: acme.lapidary.localhost\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n', '\x16\x03\x01'.repeat(20)])(
    'beginning by %j',
    async (bytes) => {
      await cutOff(await world.open(bytes));
    },
  );

  it.each<[string, Fields]>([
    ['one field too long', withFields(['x-long', 'x'.repeat(15_000)], ['x-more', 'x'.repeat(1_200)])],
    ['too many fields', withFields(...Array.from({ length: 400 }, (_, i) => [`x-${i}`, '1'] as const))],
  ])('%s: the request is refused, the connection stays', async (_, fields) => {
    const before = world.seen.length;
    const wire = await world.open();
    wire.send(headers(1, fields));
    await until('a refusal', () => wire.of(types.reset, 1).length + wire.of(types.headers, 1).length > 0);
    expect(wire.of(types.headers, 1)[0]?.payload[0]).not.toBe(0x88);
    expect(world.seen).toHaveLength(before);
    await stillServes(wire, 3);
    wire.socket.destroy();
  });
});

describe('a slow client', () => {
  let world: Http2World;
  afterEach(() => world.end());

  it('that doesn’t read its answer holds up its stamp, not our memory, and is let go', async () => {
    world = await Http2World.begin();
    const wire = await world.open();
    wire.send(headers(1, usual('GET', '/endless')));
    await until('the first window', () => wire.body(1).length >= 65_535);
    // The stream's window is used up; the stamp's bytes wait in sockets and in one stream's buffer.
    await until('the idle time-out', () => wire.resetOf(1) !== undefined);
    // What our end could still send on this connection.
    wire.send(windowUpdate(0, 1_000));
    expect(wire.body(1).length).toBe(65_535);
    expect(world.written).toBeLessThan(16 * 1024 * 1024);
    await stillServes(wire, 3);
    await world.nothingUnderWay();
    wire.socket.destroy();
  });

  it('that asks for nothing is let go, also where it pings', async () => {
    world = await Http2World.begin({ idleMs: 300 });
    const wire = await world.open();
    const ping = setInterval(() => wire.send(frame(types.ping, 0, 0, Buffer.alloc(8))), 20);
    await until('the connection to end', () => wire.closed);
    clearInterval(ping);
    expect(wire.goaway).toBe(constants.NGHTTP2_NO_ERROR);
    expect(wire.of(types.ping).length).toBeGreaterThan(2);
  });

  it('that drips its body has no longer than a request may take', async () => {
    world = await Http2World.begin({ dropMs: 100 }, patientPolicy(0.4));
    const wire = await world.open();
    wire.send(headers(1, usual('POST', '/drip'), endHeaders));
    await bodiesMayCome(wire);
    const drip = setInterval(() => wire.send(data(1, 'x', 0)), 20);
    await until('the answer', () => wire.body(1).includes('"timeout"'));
    await until('the reset', () => wire.resetOf(1) !== undefined);
    clearInterval(drip);
    await until('the end at the stamp', () => world.seen[0]!.cut);
    expect(world.seen[0]).toMatchObject({ whole: false });
    wire.socket.destroy();
  });
});

it('a stamp that breaks off all its answers to one tenant ends nobody else’s on the connection', async () => {
  const world = await Http2World.begin();
  const cutting = await startRawUpstream((socket, soFar) => {
    if (soFar.endsWith('\r\n\r\n')) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n');
  });
  world.traffic.stamp({ stamp: 'eu-2', frontDoors: [cutting.url] });
  world.traffic.route({ tenant: 'ill', stamp: 'eu-2' });
  const wire = await world.open();
  const ofTheIll = usual().map(([name, value]) => [name, name === ':authority' ? 'ill.lapidary.localhost' : value] as const);
  const streams = Array.from({ length: resetsMax + 50 }, (_, i) => 1 + 2 * i);
  for (const stream of streams) {
    wire.send(headers(stream, ofTheIll));
    await until(`the cut of ${stream}`, () => wire.closed || wire.resetOf(stream) === constants.NGHTTP2_INTERNAL_ERROR);
  }
  await stillServes(wire, streams.at(-1)! + 2);
  wire.socket.destroy();
  await cutting.close();
  await world.end();
});
