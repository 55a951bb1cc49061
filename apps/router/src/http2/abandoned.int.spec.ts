import { constants } from 'node:http2';
import { startRawUpstream, type RawUpstream } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { RouterPolicy } from '../traffic-policy/router-policy.js';
import { bodiesMayCome, Http2World, stillServes, until } from './http2-world.fixture.js';
import { data, endHeaders, endStream, headers, reset, types, usual, type Http2Wire } from './wire.fixture.js';

const early = 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno';

let world: Http2World;
let policy: RouterPolicy;
let stamp: RawUpstream;
let wire: Http2Wire;
beforeEach(async () => {
  policy = new RouterPolicy({ router: 'r1' });
  world = await Http2World.begin({}, policy, { connectMs: 60_000, headMs: 60_000, idleMs: 60_000 });
  // Answers at the head, and reads no more.
  stamp = await startRawUpstream((socket) => void (socket.writable && socket.end(early)));
  world.traffic.stamp({ stamp: 'eu-2', frontDoors: [stamp.url] });
  world.traffic.route({ tenant: 'early', stamp: 'eu-2' });
  wire = await world.open();
});
afterEach(async () => {
  wire.socket.destroy();
  await world.end();
  await stamp.close();
});

const upload = usual('POST', '/upload').map(([name, value]) => [name, name === ':authority' ? 'early.lapidary.localhost' : value] as const);

/** More than the request of node:http2 holds before it lets its stream wait, and less than the stream's window. */
const pieces = Array.from({ length: 40 }, () => 'x'.repeat(6_000));
const nothingIsKept = async (of: string): Promise<void> => {
  await world.nothingUnderWay();
  const { compartment, doors } = policy.stamps.get(of)!;
  expect([compartment.inFlight, doors.all[0]!.inUse]).toEqual([0, 0]);
};

describe('an upload that its stamp answers early', () => {
  it.each<[string, (stream: number) => Buffer]>([
    ['that its client sends to its end', (stream) => data(stream, 'last')],
    ['that its client gives up', (stream) => reset(stream)],
    ['that its client gives up without calling it an error', (stream) => reset(stream, constants.NGHTTP2_NO_ERROR)],
  ])('and %s keeps nothing: neither its place, nor its connection to the stamp', async (_, last) => {
    await stillServes(wire, 1);
    wire.send(headers(3, upload, endHeaders));
    await bodiesMayCome(wire);
    wire.send(...pieces.map((piece) => data(3, piece, 0)));
    await until('the answer', () => wire.of(types.data, 3).some(({ flags }) => (flags & endStream) !== 0));
    wire.send(last(3));
    await nothingIsKept('eu-2');
    await stillServes(wire, 5);
  });
});

describe('an answer that its client doesn’t want any more', () => {
  it.each([
    ['CANCEL', constants.NGHTTP2_CANCEL],
    ['NO_ERROR', constants.NGHTTP2_NO_ERROR],
  ])('as it says by %s is given up, long before anybody’s time is over', async (_, code) => {
    await stillServes(wire, 1);
    wire.send(headers(3, usual('GET', '/endless')));
    await until('the answer', () => wire.body(3).length > 0);
    wire.send(reset(3, code));
    await nothingIsKept('eu-1');
    expect(await world.traffic.count('lapidary_router_requests_total')).toEqual({ answered: 1, client_gone: 1 });
  });
});
