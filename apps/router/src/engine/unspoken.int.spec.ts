import { waitFor } from '@lapidary/kernel/wait-for';
import { answerBytes, exchangeBytes } from '@lapidary/stamp-sdk/forward/forward.fixture';
import {
  misdirected,
  onPath,
  problemOf,
  quickTimeouts,
  requestBytes,
  startTraffic,
  TestDoors,
  type TestTraffic,
} from '../traffic.fixture.js';

/** More than a breaker bears in a row. */
const times = 8;

onPath('fast', () => {
  const doors = new TestDoors();
  let traffic: TestTraffic;
  afterEach(async () => {
    await traffic.close();
    await doors.close();
  });

  /** acme begins at a stamp that the engine speaks to; eu-2 is below a base path. */
  const begin = async (): Promise<void> => {
    const old = await doors.answering(() => misdirected);
    const next = await doors.answering(() => answerBytes('200 OK', [], 'new'));
    traffic = await startTraffic([old.url], { timeouts: { ...quickTimeouts, headMs: 5_000 }, freezeWaitMs: 5_000 });
    traffic.stamp({ stamp: 'eu-2', frontDoors: [`${next.url}/base`] });
  };
  const moves = (epoch: number): void => traffic.route({ stamp: 'eu-2', epoch });
  /** The second request is a client that comes again. */
  const ask = (): Promise<string> => exchangeBytes(traffic.port, requestBytes('GET') + requestBytes('GET', '/again'), /new$/);

  const turnedAway = (text: string): void => {
    expect(text).toMatch(/^HTTP\/1.1 503 [^]*retry-after: 1\r\n[^]*HTTP\/1.1 200 [^]*new$/);
    expect(problemOf(text.slice(0, text.lastIndexOf('HTTP/1.1 ')))).toMatchObject({ code: 'stamp_unavailable' });
  };

  it('a tenant that thaws at a stamp that only the general path speaks to is asked again, and no front door is blamed', async () => {
    await begin();
    for (let i = 1; i <= times; i += 1) {
      traffic.route({ frozen: true, epoch: 2 * i });
      const asked = ask();
      await waitFor('it to wait', () => traffic.waitingForThaw() === 1 || undefined, { timeoutMs: 60_000, intervalMs: 5 });
      moves(2 * i + 1);
      turnedAway(await asked);
    }
  });

  it('one that is found there behind a 421, too', async () => {
    await begin();
    for (let i = 1; i <= times; i += 1) {
      traffic.route({ epoch: 2 * i });
      traffic.onRefresh = () => moves(2 * i + 1);
      turnedAway(await ask());
    }
  });
});
