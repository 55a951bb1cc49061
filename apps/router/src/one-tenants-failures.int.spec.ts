import type { Socket } from 'node:net';
import { answerBytes, exchangeBytes } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { isWhole, onBothPaths, problemOf, requestBytes, startTraffic, TestDoors, type TestTraffic } from './traffic.fixture.js';

const hostOf = (tenant: string): string => `Host: ${tenant}.lapidary.localhost`;
const failures = 12;

/** What a stamp does with the requests of one tenant of its own; those of all others are answered. */
const ways: Readonly<Record<string, (socket: Socket) => void>> = {
  'are answered 503 by its workload': (socket) => void socket.write(answerBytes('503 Service Unavailable', [], 'no')),
  'are answered 500 by its agent': (socket) => void socket.write(answerBytes('500 No', ['x-lapidary-error: stamp_bad_answer'], 'no')),
  'are not answered': () => undefined,
  'are broken off within their answer': (socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nno'),
};

/** A tenant may break what is its own, and no more than that. */
onBothPaths(() => {
  let traffic: TestTraffic;
  const doors = new TestDoors();
  afterEach(async () => {
    await traffic.close();
    await doors.close();
  });

  const begin = async (fails: (tenant: string) => boolean, way: (socket: Socket) => void): Promise<void> => {
    const door = await doors.raw((socket, soFar) => {
      if (!isWhole(soFar)) return;
      const tenant = [...soFar.matchAll(/\nhost: (\w+)\./gi)].at(-1)![1]!;
      if (fails(tenant)) way(socket);
      else socket.write(answerBytes('200 OK', ['Connection: close'], 'ok'));
    });
    traffic = await startTraffic([door.url], { timeouts: { connectMs: 5_000, headMs: 50, idleMs: 5_000 } });
    for (const tenant of ['beta', 'gamma']) traffic.route({ tenant });
  };
  /** The whole answer, or what had come when its connection ended. */
  const ask = (tenant: string): Promise<string> =>
    exchangeBytes(traffic.port, requestBytes('GET', '/', [hostOf(tenant), 'Connection: close']), /ok$|}$/);

  it.each(Object.entries(ways))('a tenant whose requests %s is alone with that: the next one of another is answered', async (_, way) => {
    await begin((tenant) => tenant === 'acme', way);
    for (let i = 0; i < failures; i += 1) expect(await ask('acme')).not.toMatch(/ok$/);
    expect(await ask('beta')).toMatch(/^HTTP\/1.1 200[^]*ok$/);
    expect(await ask('acme')).not.toContain('the breakers of stamp');
  });

  it.each(Object.entries(ways))('where the requests of several %s, the stamp is given up for a while', async (_, way) => {
    await begin(() => true, way);
    for (let i = 0; i < failures; i += 1) await ask(i % 2 === 0 ? 'acme' : 'beta');
    expect(problemOf(await ask('gamma'))).toMatchObject({ code: 'stamp_unavailable', status: 503 });
  });

  it('a workload that takes no connections, as its agent says, is everybody’s', async () => {
    await begin(
      (tenant) => tenant === 'acme',
      (socket) => void socket.write(answerBytes('503 Service Unavailable', ['x-lapidary-error: stamp_unavailable'], 'no')),
    );
    for (let i = 0; i < 5; i += 1) await ask('acme');
    expect(problemOf(await ask('beta'))).toMatchObject({ code: 'stamp_unavailable', status: 503 });
  });
});
