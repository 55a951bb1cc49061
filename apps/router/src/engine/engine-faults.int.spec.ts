import { waitFor } from '@lapidary/kernel/wait-for';
import { answerBytes, exchangeBytes, type RawUpstream } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { RouterPolicy } from '../traffic-policy/router-policy.js';
import type { Admission, Refused } from '../traffic-policy/traffic-policy.js';
import { FaultyTier, handleFaults } from '../transport/faulty-handles.fixture.js';
import { NetTransport } from '../transport/net-transport.js';
import { RawTransport } from '../transport/raw-transport.js';
import { trustedHandles } from '../transport/wire-contract.fixture.js';
import type { Transport } from '../transport/wire.js';
import { requestBytes, startTraffic, TestDoors, type TestTraffic } from '../traffic.fixture.js';
import { faults, FaultyTransport, type Fault } from './faulty-transport.fixture.js';

/** Counts both sides of the policy's contract. */
class CountingPolicy extends RouterPolicy {
  admitted = 0;
  released = 0;
  chosen = 0;
  concluded = 0;
  override admit(...asked: Parameters<RouterPolicy['admit']>): Admission {
    const admission = super.admit(...asked);
    if (admission === 'go') this.admitted += 1;
    return admission;
  }
  override release(...told: Parameters<RouterPolicy['release']>): void {
    this.released += 1;
    super.release(...told);
  }
  override choose(...asked: Parameters<RouterPolicy['choose']>): string | Refused {
    const door = super.choose(...asked);
    if (typeof door === 'string') this.chosen += 1;
    return door;
  }
  override attempted(...told: Parameters<RouterPolicy['attempted']>): void {
    this.concluded += 1;
    super.attempted(...told);
  }
}

/** Short, since what stalls is waited for; nothing may take so long by chance where nothing goes wrong. */
const timeouts = { connectMs: 150, headMs: 150, idleMs: 150 };
const patientTimeouts = { connectMs: 5_000, headMs: 5_000, idleMs: 5_000 };
/** Of a conversation that a fault has struck not all may come, and nothing may say so: what has come by then is looked at. */
const struckMs = 2_000;
const body = 'x'.repeat(40_000);
const chunked = (text: string): string => `${text.length.toString(16)};ext=1\r\n${text}\r\n0\r\nX-Trailer: 1\r\n\r\n`;

/** Some seconds where nothing else runs; each of dozens of faults is a conversation. */
const patientTestMs = 360_000;

/** Three requests on one connection; the second one must not be done twice. */
const conversation = [
  requestBytes('GET', '/first'),
  requestBytes('POST', '/second', ['Transfer-Encoding: chunked'], chunked(body)),
  requestBytes('GET', '/third'),
].join('');

/** Whole requests on one upstream connection, as far as they have come. */
const requestsOf = (received: string): string[] => received.split(/(?=(?:GET|POST) \/)/).filter((r) => /^(GET|POST) \//.test(r));

/** Paths or statuses of the whole answers in what a client got, and whether bytes of a broken one are behind them. */
const answersIn = (text: string): string[] => {
  const answers: string[] = [];
  let rest = text;
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) return answers;
    const length = Number(/content-length: (\d+)/i.exec(rest.slice(0, end))?.[1]);
    const answer = rest.slice(0, end + 4 + length);
    if (answer.length < end + 4 + length) return answers;
    answers.push(/for (\/\w+)$/.exec(answer)?.[1] ?? answer.slice(9, 12));
    rest = rest.slice(answer.length);
  }
};

/** Conversations beside each other: what a stall has struck is nothing but waited for. */
const lanes = 4;

const doors = new TestDoors();
let routers: TestTraffic[] = [];
afterEach(async () => {
  for (const traffic of routers) await traffic.close();
  routers = [];
  await doors.close();
});

const answering = (): Promise<RawUpstream> => {
  const told = new Map<number, number>();
  return doors.raw((socket, soFar, connection) => {
    const requests = requestsOf(soFar);
    const last = requests.at(-1) ?? '';
    const whole = last.startsWith('GET') ? last.endsWith('\r\n\r\n') : last.endsWith('\r\n0\r\n\r\n');
    if (!whole || told.get(connection) === requests.length) return;
    told.set(connection, requests.length);
    socket.write(answerBytes('200 OK', [], `for ${/ (\/\w+)/.exec(last)![1]}`));
  });
};

const patience = { timeoutMs: 60_000, intervalMs: 2 };
const askLater = async ({ port }: TestTraffic): Promise<string[]> =>
  answersIn(await exchangeBytes(port, requestBytes('GET', '/later'), /for \/later$/));

/** A transport with one fault in it, and how many operations there were to be struck. */
interface Broken {
  readonly transport: Transport;
  readonly operations: readonly string[];
  disarm(): void;
}

interface Conversed {
  readonly broken: Broken;
  readonly traffic: TestTraffic;
  readonly policy: CountingPolicy;
  readonly door: RawUpstream;
  readonly text: string;
}

const converse = async (broken: Broken, isStruck: boolean): Promise<Conversed> => {
  const policy = new CountingPolicy();
  const door = await answering();
  const traffic = await startTraffic([door.url], { timeouts: isStruck ? timeouts : patientTimeouts, policy, transport: broken.transport });
  routers.push(traffic);
  const text = await exchangeBytes(traffic.port, conversation, /for \/third$/, isStruck ? struckMs : undefined);
  return { broken, traffic, policy, door, text };
};

const withoutFault = async (broken: Broken): Promise<number> => {
  const { traffic, door, text } = await converse(broken, false);
  expect(answersIn(text)).toEqual(['/first', '/second', '/third']);
  expect(door.connections).toBe(1);
  expect(door.received[0]).toContain(body);
  expect(door.received[0]).not.toMatch(/ext=1|X-Trailer/);
  const count = broken.operations.length;
  await traffic.close();
  return count;
};

/** Mixes nothing up, repeats nothing that may have been done, leaks nothing, and the next client is served. */
const harmsNobody = async ({ broken, traffic, policy, door, text }: Conversed, where: string): Promise<void> => {
  broken.disarm();
  const expected = ['/first', '/second', '/third'];
  answersIn(text).forEach((answer, i) => expect([where, answer]).toEqual([where, answer.startsWith('/') ? expected[i] : answer]));
  const posts = door.received.flatMap(requestsOf).filter((request) => request.startsWith('POST'));
  expect([where, posts.length]).toEqual([where, Math.min(posts.length, 1)]);
  await waitFor(`nothing to be in flight, ${where}`, () => traffic.server.inFlight.size === 0 || undefined, patience);
  expect([where, policy.admitted, policy.chosen]).toEqual([where, policy.released, policy.concluded]);
  // A machine under load may miss a quick time-out; a connection that was left in a wrong state would be wrong for good.
  await waitFor(`the next client to be served, ${where}`, async () => (await askLater(traffic)).includes('/later') || undefined, patience);
  await traffic.close();
};

/** At each of so many operations, some at a time. */
const atEach = async (count: number, struck: (at: number) => Promise<void>): Promise<void> => {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await struck(next++);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
};

const wires: Readonly<Record<string, () => Transport>> = {
  'sockets of node:net': () => new NetTransport(),
  handles: trustedHandles,
};

describe.each(Object.keys(wires))('on %s', (name) => {
  const brokenAt = (at: number, fault: Fault): Broken => {
    const transport = new FaultyTransport(at, fault, wires[name]!());
    return { transport, operations: transport.operations, disarm: () => transport.disarm() };
  };

  it.each(faults)(
    'a %s at any operation of any connection harms nobody else',
    async (fault) => {
      const count = await withoutFault(brokenAt(-1, fault));
      expect(count).toBeGreaterThan(8);
      await atEach(count, async (at) => {
        const got = await converse(brokenAt(at, fault), true);
        await harmsNobody(got, `${fault} at ${at} (${got.broken.operations[at]})`);
      });
    },
    patientTestMs,
  );
});

it.each(handleFaults)(
  'a handle that goes wrong (%s) at any of its operations harms nobody else, and is given up where it must not be so (T2, T3)',
  async (fault) => {
    const brokenAt = (at: number): { tier: FaultyTier; broken: Broken } => {
      const tier = FaultyTier.trusted(at, fault);
      const transport = new RawTransport(() => Promise.resolve({ tier, direct: null }));
      return { tier, broken: { transport, operations: tier.operations, disarm: () => tier.disarm() } };
    };
    const count = await withoutFault(brokenAt(-1).broken);
    expect(count).toBeGreaterThan(8);
    await atEach(count, async (at) => {
      const { tier, broken } = brokenAt(at);
      const got = await converse(broken, true);
      const operation = tier.operations[at]!;
      await harmsNobody(got, `${fault} at ${at} (${operation})`);
      const tellsNothing = operation === 'close' || operation === 'useUserBuffer';
      const isLegal = fault === 'error' || (fault === 'nonsense' && tellsNothing);
      expect([operation, tier.state]).toEqual([operation, isLegal ? 'raw' : 'abandoned']);
    });
  },
  patientTestMs,
);
