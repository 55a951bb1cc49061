import { connect, type Socket } from 'node:net';
import { checkTransitions } from '@lapidary/kernel/transition-table';
import { handleOf, streamBinding } from './handle-binding.js';
import { FaultyTier, type HandleOperation } from './faulty-handles.fixture.js';
import { RawTier } from './raw-tier.js';
import { RawTransport } from './raw-transport.js';
import { testRawTier } from './test-raw-tier.js';
import { tierTable } from './tier-states.js';
import { soon, WireWorld } from './wire-contract.fixture.js';

/** A machine that does everything else at the same time still passes. */
const patientMs = 60_000;

const reset = (): void => undefined;
const over = async (tier: RawTier): Promise<{ world: WireWorld; transport: RawTransport; told: string[] }> => {
  const transport = new RawTransport(() => Promise.resolve({ tier, direct: null }));
  const told: string[] = [];
  tier.onAbandoned((reason) => told.push(reason));
  const world = new WireWorld(transport);
  await world.begin();
  return { world, transport, told };
};

/** What a client of the world is sent. */
const textOf = (socket: Socket): { text: string } => {
  const got = { text: '' };
  socket.on('data', (chunk: Buffer) => (got.text += chunk.toString('latin1')));
  return got;
};

it('the states of a tier are a sound table', () => expect(() => checkTransitions(tierTable)).not.toThrow());

describe('the test at start', () => {
  it('is passed by this Node', async () => {
    const tier = RawTier.ofThisNode()!;
    await testRawTier(tier, patientMs);
    expect([tier.state, tier.reason]).toEqual(['raw', 'each operation was seen to work']);
  });

  const operations: readonly HandleOperation[] = ['readStart', 'readStop', 'writeLatin1String', 'writeBuffer', 'shutdown', 'reset'];
  it.each(operations.flatMap((operation) => (['throws', 'nonsense', 'error'] as const).map((fault) => [operation, fault] as const)))(
    'is failed where %s %s, and says so (T1)',
    async (operation, fault) => {
      const tier = new FaultyTier(-1, fault, operation);
      await testRawTier(tier, patientMs);
      expect(tier.state).toBe('public');
      expect(tier.reason).toMatch(/as expected|has (told|thrown)/);
    },
  );

  it('is failed where nothing is told of what was written', async () => {
    const binding = streamBinding()!;
    const tier = new RawTier({ ...binding, kBytesWritten: binding.kReadBytesOrError });
    await testRawTier(tier, patientMs);
    expect(tier.state).toBe('public');
  });

  it('that is over in no time leaves sockets as they are', async () => {
    const tier = RawTier.ofThisNode()!;
    await testRawTier(tier, 0);
    expect(tier.state).toBe('public');
  });
});

describe('a thread whose tier is public', () => {
  it.each(['failed', 'not given'])('serves by sockets (%s)', async (why) => {
    const tier = why === 'failed' ? RawTier.ofThisNode()! : null;
    tier?.failed('a test says so');
    const transport = new RawTransport(() => Promise.resolve({ tier, direct: null }));
    const world = new WireWorld(transport);
    await world.begin();
    const { socket, recorder } = await world.client();
    socket.write('hello');
    await soon('the read', () => recorder.text === 'hello');
    expect(recorder.wire.constructor.name).toBe('NetWire');
    expect(transport.tier.state).toBe('public');
    await world.end();
  });
});

it('a handle that is taken from its socket does not keep it', async () => {
  const tier = FaultyTier.trusted(-1, 'error');
  const { world } = await over(tier);
  const { socket } = await world.client();
  const handle = handleOf(socket)!;
  const knows = (): boolean => Object.getOwnPropertySymbols(handle).some((name) => (handle as never)[name] === socket);
  const knewIt = knows();
  expect(tier.adopt(socket)).toBe(handle);
  expect([knewIt, knows(), handleOf(socket)]).toEqual([true, false, null]);
  handle.close();
  await world.end();
});

describe('a handle that surprises', () => {
  it.each(['throws', 'nonsense'] as const)(
    'in a write (%s) ends its connection; nothing goes twice, others go on, and new ones are sockets (T2, T3)',
    async (fault) => {
      const tier = FaultyTier.trusted(-1, fault);
      const { world, transport, told } = await over(tier);
      const [one, other] = [await world.client(), await world.client()];
      const [toOne, toOther] = [textOf(one.socket), textOf(other.socket)];
      const closed = new Promise((resolve) => one.socket.once('close', resolve));
      tier.failNext();
      one.recorder.outside(() => one.recorder.wire.write('once'));
      one.recorder.outside(() => one.recorder.wire.write('never'));
      one.socket.on('end', () => one.socket.end());
      await closed;
      await soon('the close to be told', () => one.recorder.calls.at(-1) === 'close unexpected');
      expect(['', 'once']).toContain(toOne.text);
      expect([transport.tier.state, told.length]).toEqual(['abandoned', 1]);
      other.recorder.wire.write('still here');
      await soon('the other one', () => toOther.text === 'still here');
      const late = await world.client();
      const toLate = textOf(late.socket);
      late.recorder.wire.write('by a socket');
      await soon('the new one', () => toLate.text === 'by a socket');
      const names = [other, late].map(({ recorder }) => recorder.wire.constructor.name);
      expect(names).toEqual(['RawWire', 'NetWire']);
      expect(world.connect(world.port).wire.constructor.name).toBe('NetWire');
      await world.end();
    },
  );

  it('whose read is told while nobody reads ends its connection (T2)', async () => {
    const tier = FaultyTier.trusted(-1, 'nonsense');
    const { world, transport } = await over(tier);
    const { socket, recorder } = await world.client();
    // It says that it has stopped, and hasn't.
    tier.deaf = true;
    recorder.outside(() => recorder.wire.pauseReads());
    socket.on('error', reset).write('x');
    await soon('the close', () => recorder.calls.at(-1) === 'close unexpected');
    expect([recorder.bytesRead, transport.tier.state]).toEqual([0, 'abandoned']);
    await world.end();
  });

  it('that is of another kind is left to a socket, with its connection', async () => {
    const tier = FaultyTier.trusted(-1, 'throws');
    tier.strange = true;
    const { world, transport } = await over(tier);
    const { socket, recorder } = await world.client();
    socket.write('all the same');
    await soon('the read', () => recorder.text === 'all the same');
    expect([recorder.wire.constructor.name, transport.tier.state]).toEqual(['NetWire', 'abandoned']);
    await world.end();
  });

  it('a client that is gone before it is accepted harms nobody', async () => {
    const tier = FaultyTier.trusted(-1, 'throws');
    const { world, transport } = await over(tier);
    for (let i = 0; i < 20; i += 1) {
      const socket = connect({ port: world.port, host: '127.0.0.1' }).on('error', reset);
      socket.once('connect', () => socket.resetAndDestroy());
    }
    const { socket } = await world.client();
    socket.write('fine');
    await soon('the read', () => world.accepted.some(({ text }) => text === 'fine'));
    expect(transport.tier.state).toBe('raw');
    await world.end();
  });
});
