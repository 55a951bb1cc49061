import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { DirectWrites } from './direct-writes.js';
import { handleOf } from './handle-binding.js';
import { testedDirectWrites } from './test-direct-writes.js';
import { soon } from './wire-contract.fixture.js';

let server: Server;
let ours: Socket;
let got: { text: string };

beforeEach(async () => {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  ours = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
  const [[theirs]] = await Promise.all([accepted, once(ours, 'connect')]);
  got = { text: '' };
  theirs.on('data', (chunk: Buffer) => (got.text += chunk.toString('latin1')));
});

afterEach(() => {
  ours.destroy();
  server.close();
});

const nothing = (): void => undefined;

it('this Node lets texts and bytes be written to the handles of sockets, and what is given up is not used again', async () => {
  // null: too busy a machine; what it writes is looked at all the same.
  const writes = (await testedDirectWrites()) ?? DirectWrites.ofThisNode()!;
  expect(writes.write(ours, 'caf\xe9', nothing)).toBe('taken');
  expect(writes.write(ours, Buffer.from([0xff]), nothing)).toBe('taken');
  writes.giveUp();
  expect(writes.write(ours, 'x', nothing)).toBe('not_now');
  await soon('all of it', () => got.text === 'caf\xe9\xff');
});

it('a handle without such an operation is given up: the text is the stream’s, and goes once', async () => {
  const writes = DirectWrites.ofThisNode()!;
  Object.defineProperty(handleOf(ours)!, 'writeLatin1String', { value: undefined, configurable: true });
  expect(writes.write(ours, 'one ', nothing)).toBe('not_now');
  expect(writes.isGivenUp).toBe(true);
  delete (handleOf(ours) as unknown as Record<string, unknown>).writeLatin1String;
  ours.write('one ', 'latin1');
  ours.write('two', 'latin1');
  await soon('all of it', () => got.text === 'one two');
});

it('a handle that says something else than what was written ends the connection: nobody knows what has been', () => {
  const writes = DirectWrites.ofThisNode()!;
  const handle = handleOf(ours)!;
  const real = handle.writeLatin1String.bind(handle);
  Object.defineProperty(handle, 'writeLatin1String', {
    value: (...args: Parameters<typeof real>) => real(...args) + 7,
    configurable: true,
  });
  expect(writes.write(ours, 'once', nothing)).toBeLessThan(0);
  expect(writes.isGivenUp).toBe(true);
});
