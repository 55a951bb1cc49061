import { Http2World, until, withFields } from './http2-world.fixture.js';
import { headers, types, usual, type Fields } from './wire.fixture.js';

const connect = (...more: Fields): Fields => [[':method', 'CONNECT'], [':authority', 'acme.lapidary.localhost'], ...more]; // oxfmt-ignore

describe('a request over HTTP/2 that is refused for its head', () => {
  let world: Http2World;
  beforeAll(async () => void (world = await Http2World.begin()));
  afterAll(() => world.end());

  it.each<[string, Fields]>([
    ['a Host that differs', withFields(['host', 'beta.lapidary.localhost'])],
    ['another scheme', usual().map(([name, value]) => [name, name === ':scheme' ? 'http' : value] as const)],
    ['a tunnel to anywhere', connect()],
    ['an expectation that nobody meets', withFields(['expect', 'the-moon'])],
    ['a tunnel that is no WebSocket', connect([':protocol', 'connect-udp'], [':scheme', 'https'], [':path', '/'])],
  ])('%s: it is counted and logged as one over HTTP/1.1, and is under way no more', async (_, fields) => {
    const counted = async (): Promise<number> => {
      const { values } = await world.traffic.metrics.lapidary_router_requests_total.get();
      return values.find(({ labels }) => labels['outcome'] === 'invalid_input')?.value ?? 0;
    };
    const before = await counted();
    const wire = await world.open();
    wire.send(headers(1, fields));
    await until('a refusal', () => wire.of(types.headers, 1).length > 0);
    await world.nothingUnderWay();
    expect(await counted()).toBe(before + 1);
    wire.socket.destroy();
  });
});
