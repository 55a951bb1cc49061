import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { DirectWrites } from './direct-writes.js';

/** Beyond what the kernel buffers for a loopback connection. */
const muchBytes = 16 * 1024 * 1024;
/** It takes milliseconds. A machine that is so busy serves without. */
const testMs = 3_000;

/**
 * DirectWrites, where each thing that is asked of them has just been seen to work on a connection of this machine: a small text, one that the
 * kernel doesn't take at once, both in order with what the stream writes, and the error of a connection that is gone.
 */
export const testedDirectWrites = async (): Promise<DirectWrites | null> => {
  const writes = DirectWrites.ofThisNode();
  if (!writes) return null;
  const server = createServer();
  try {
    const works = await Promise.race([test(writes, server), once(AbortSignal.timeout(testMs), 'abort').then(() => false)]);
    return works && !writes.isGivenUp ? writes : null;
  } catch {
    return null;
  } finally {
    server.close();
  }
};

const test = async (writes: DirectWrites, server: Server): Promise<boolean> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const ours = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [[theirs]] = await Promise.all([accepted, once(ours, 'connect')]);
  ours.on('error', () => undefined);
  theirs.on('error', () => undefined);
  try {
    return (await sends(writes, ours, theirs)) && (await tellsErrors(writes, ours, theirs));
  } finally {
    ours.destroy();
    theirs.destroy();
  }
};

const sends = async (writes: DirectWrites, ours: Socket, theirs: Socket): Promise<boolean> => {
  theirs.pause();
  let status: number | null = null;
  const much = '\xe9'.repeat(muchBytes);
  if (writes.write(ours, 'a\xff', () => undefined) !== 'taken') return false;
  if (writes.write(ours, much, (of) => (status = of)) !== 'waiting') return false;
  ours.write('z');
  let bytes = 0;
  let [first, last] = ['', ''];
  for await (const chunk of theirs.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    if (bytes < 3) first += chunk.toString('latin1', 0, 3);
    bytes += chunk.length;
    last = chunk.toString('latin1', chunk.length - 1);
    if (bytes >= muchBytes + 3) break;
  }
  return bytes === muchBytes + 3 && first.startsWith('a\xff\xe9'.slice(0, first.length)) && last === 'z' && status === 0;
};

const tellsErrors = async (writes: DirectWrites, ours: Socket, theirs: Socket): Promise<boolean> => {
  ours.pause();
  theirs.resetAndDestroy();
  // The reset is on its way; the write that meets it says so, at once or when it is done.
  for (let i = 0; i < 1_000; i += 1) {
    const answer = writes.write(ours, 'x', () => undefined);
    if (typeof answer === 'number') return answer < 0;
    if (answer === 'not_now') return ours.destroyed;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return false;
};
