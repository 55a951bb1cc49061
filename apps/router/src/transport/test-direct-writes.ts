import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { DirectWrites } from './direct-writes.js';

/** Written until the kernel takes no more, which is some megabytes for a loopback connection; beyond the maximum it would take anything. */
const pieceBytes = 512 * 1024;
const piecesMax = 64;
/** Behind so much it has to wait, whatever its size. */
const moreBytes = 64 * 1024;
/** It takes milliseconds. A machine that is so busy serves without. */
const testMs = 3_000;

/**
 * DirectWrites, where each thing that is asked of them has just been seen to work on a connection of this machine: reads, a pause and an end;
 * a small text and a small buffer, some that the kernel doesn't take at once, all in order with what the stream writes; and the error of a
 * connection that is gone.
 */
export const testedDirectWrites = async (): Promise<DirectWrites | null> => {
  const writes = DirectWrites.ofThisNode();
  if (!writes) return null;
  const server = createServer();
  const signal = AbortSignal.timeout(testMs);
  try {
    const works = await Promise.race([test(writes, server, signal), once(signal, 'abort').then(() => false)]);
    return works && !writes.isGivenUp ? writes : null;
  } catch {
    return null;
  } finally {
    server.close();
  }
};

const test = async (writes: DirectWrites, server: Server, signal: AbortSignal): Promise<boolean> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const { port } = server.address() as AddressInfo;
  const heard: Heard = { buffer: Buffer.alloc(16), told: '', byStream: 0 };
  const callback = (): boolean => ((heard.byStream += 1), true);
  const ours = connect({ port, host: '127.0.0.1', allowHalfOpen: true, signal, onread: { buffer: heard.buffer, callback } });
  ours.on('error', () => undefined);
  const [[theirs]] = await Promise.all([accepted, once(ours, 'connect')]);
  theirs.on('error', () => undefined);
  try {
    return (await hears(writes, ours, theirs, heard)) && (await sends(writes, ours, theirs)) && (await tellsErrors(writes, ours, theirs));
  } finally {
    ours.destroy();
    theirs.destroy();
  }
};

interface Heard {
  readonly buffer: Buffer;
  told: string;
  /** Reads that did not come our way. */
  byStream: number;
}

const hears = async (writes: DirectWrites, ours: Socket, theirs: Socket, heard: Heard): Promise<boolean> => {
  writes.hearReads(ours, (bytes) => {
    heard.told += heard.buffer.toString('latin1', 0, bytes);
    // What is told within a pause would come with the next character.
    if (heard.told === 'ab') setImmediate(() => ours.resume());
    if (heard.told === 'ab') ours.pause();
    return true;
  });
  theirs.write('ab');
  await until(ours, () => heard.told.length >= 2);
  theirs.write('c');
  await until(ours, () => heard.told.length >= 3);
  return heard.told === 'abc' && heard.byStream === 0;
};

const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Or until the socket is given up, when all of it takes too long. */
const until = async (socket: Socket, isSo: () => boolean): Promise<void> => {
  while (!isSo() && !socket.destroyed) await soon();
};

const sends = async (writes: DirectWrites, ours: Socket, theirs: Socket): Promise<boolean> => {
  theirs.pause();
  const statuses: number[] = [];
  const done = (status: number): unknown => statuses.push(status);
  const piece = '\xe9'.repeat(pieceBytes);
  let answer: ReturnType<DirectWrites['write']> = 'taken';
  if (writes.write(ours, 'a', done) !== 'taken') return false;
  if (writes.write(ours, Buffer.from([0xff]), done) !== 'taken') return false;
  let muchBytes = 0;
  while (answer === 'taken' && muchBytes < piecesMax * pieceBytes) {
    answer = writes.write(ours, piece, done);
    muchBytes += pieceBytes;
  }
  if (answer !== 'waiting') return false;
  if (writes.write(ours, Buffer.alloc(moreBytes), done) !== 'waiting') return false;
  ours.write('z');
  let bytes = 0;
  let [first, last] = ['', ''];
  for await (const chunk of theirs.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    if (bytes < 3) first += chunk.toString('latin1', 0, 3);
    bytes += chunk.length;
    last = chunk.toString('latin1', chunk.length - 1);
    if (bytes >= muchBytes + moreBytes + 3) break;
  }
  const isInOrder = first.startsWith('a\xff\xe9'.slice(0, first.length)) && last === 'z';
  return bytes === muchBytes + moreBytes + 3 && isInOrder && statuses.join() === '0,0';
};

const tellsErrors = async (writes: DirectWrites, ours: Socket, theirs: Socket): Promise<boolean> => {
  ours.pause();
  theirs.resetAndDestroy();
  // The reset is on its way; the write that meets it says so, at once or when it is done.
  for (let i = 0; i < 1_000; i += 1) {
    const answer = writes.write(ours, 'x', () => undefined);
    if (typeof answer === 'number') return answer < 0;
    if (answer === 'not_now') return ours.destroyed;
    await soon();
  }
  return false;
};
