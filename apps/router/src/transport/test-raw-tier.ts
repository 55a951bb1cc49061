import { setImmediate as nextTurn } from 'node:timers/promises';
import { once } from 'node:events';
import { createServer, Socket, type AddressInfo, type Server } from 'node:net';
import type { RawTier } from './raw-tier.js';
import { RawWire } from './raw-wire.js';
import { readBufferBytes } from './read-buffer.js';
import { slabs } from './slab.js';
import type { Wire, WireHandler } from './wire.js';

/** Written until the kernel takes no more, which is some megabytes for a loopback connection; beyond the maximum it would take anything. */
const pieceBytes = 512 * 1024;
const piecesMax = 64;
/** It takes milliseconds. A machine that is so busy serves without. */
const usualTestMs = 5_000;
/** In so many turns of the loop bytes that are there already would have been told. */
const quietTurns = 5;

/** One end of a pair, and what it was told. */
class End implements WireHandler {
  text = '';
  bytes = 0;
  /** Of the bytes that came last. */
  last = '';
  readonly told: string[] = [];
  /** Reads are paused by the read that brings it. */
  pausesAt = 'none';
  isBroken = false;

  constructor(readonly wire: RawWire) {
    wire.start(this);
  }

  onRead(bytes: Buffer, length: number): void {
    this.bytes += length;
    if (this.text.length < 64) this.text += bytes.toString('latin1', 0, Math.min(length, 64));
    this.last = bytes.toString('latin1', length - 1, length);
    if (this.last === this.pausesAt) this.wire.pauseReads();
  }
  onEnd(): void {
    this.told.push('end');
  }
  onDrain(): void {
    this.told.push('drain');
  }
  onClose(error: string | null): void {
    this.told.push(`close ${error}`);
    this.isBroken = error !== null;
  }
}

type Pair = readonly [accepted: End, asking: End];
/** false: it won't come, since a connection has broken or the time is over. */
type Until = (isSo: () => boolean) => Promise<boolean>;
type Step = (pair: Pair, until: Until) => Promise<boolean>;

/** As write of text and bytes behind it, which may change at once. false: much waits. */
export const writeCopied = (wire: Wire, before: string, bytes: Buffer, from: number, to: number): boolean => {
  const slab = slabs.take();
  if (slab === null || !slab.fits(before.length + to - from)) {
    if (slab !== null) slabs.giveBack(slab);
    return wire.write(Buffer.concat([Buffer.from(before, 'latin1'), bytes.subarray(from, to)]));
  }
  slab.addText(before, before.length);
  slab.addBytes(bytes, from, to);
  return wire.writeSlab(slab);
};

const reads: Step = async ([a, b], until) => {
  b.wire.write('caf\xe9');
  b.wire.write(Buffer.from([0xff]));
  if (!writeCopied(b.wire, 'be', Buffer.from('[fore]'), 1, 5)) return false;
  if (!(await until(() => a.bytes >= 11)) || a.text !== 'caf\xe9\xffbefore') return false;
  a.wire.write('back');
  return until(() => b.text === 'back');
};

const pauses: Step = async ([a, b], until) => {
  a.pausesAt = '|';
  b.wire.write('|');
  if (!(await until(() => a.last === '|'))) return false;
  b.wire.write('behind');
  for (let i = 0; i < quietTurns; i += 1) await nextTurn();
  if (a.last !== '|') return false;
  a.wire.resumeReads();
  return until(() => a.text.endsWith('|behind'));
};

/** What the kernel doesn't take at once comes in order, text and bytes that change meanwhile, and is told when it has gone. */
const waits: Step = async ([a, b], until) => {
  a.wire.pauseReads();
  const before = a.bytes;
  const lent = Buffer.alloc(readBufferBytes, 'x');
  const piece = '\xe9'.repeat(pieceBytes);
  let pieces = 0;
  while (!b.wire.isCongested && pieces < piecesMax) {
    b.wire.write(piece);
    pieces += 1;
  }
  const isHeld = !writeCopied(b.wire, '', lent, 0, lent.length);
  lent.fill('!');
  b.wire.write('z');
  a.wire.resumeReads();
  const all = before + pieces * pieceBytes + lent.length + 1;
  return isHeld && (await until(() => a.bytes >= all && b.told.includes('drain'))) && a.bytes === all && a.last === 'z';
};

const ends: Step = async ([a, b], until) => {
  b.wire.end();
  b.wire.write('dropped');
  if (!(await until(() => a.told.includes('end')))) return false;
  a.wire.write('late');
  a.wire.end();
  if (!(await until(() => a.told.length > 1 && b.told.length > 1))) return false;
  return b.text === 'late' && a.told.join() === 'end,close null' && b.told.join() === 'end,close null';
};

const resets: Step = async ([a, b], until) => {
  a.wire.reset();
  return (await until(() => b.told.length > 0)) && b.told.join() === 'close ECONNRESET' && a.told.length === 0;
};

/** A peer that is gone without having read is met by a write, at once or later. */
const breaks: Step = async ([a, b], until) => {
  b.wire.pauseReads();
  a.wire.reset();
  const told = until(() => {
    b.wire.write('x');
    return b.told.length > 0;
  });
  return (await told) && /^close (EPIPE|ECONNRESET)$/.test(b.told.join());
};

const handsOver: Step = async ([a, b], until) => {
  b.wire.write('one');
  if (!(await until(() => a.text === 'one'))) return false;
  const stream = a.wire.handOver(Buffer.from('unread '));
  let text = '';
  stream.on('error', () => undefined).on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  b.wire.write('two');
  const isThere = await until(() => text === 'unread two');
  stream.end('back');
  const isBack = isThere && (await until(() => b.text === 'back' && b.told.includes('end')));
  stream.destroy();
  return isBack;
};

/** Each on a pair of its own, but for the first three. */
const steps: Readonly<Record<string, readonly Step[]>> = {
  'reads, writes and pauses': [reads, pauses, waits],
  'closing one side': [ends],
  'a reset': [resets],
  'writing to who is gone': [breaks],
  'handing over': [handsOver],
};

const pairOf = async (tier: RawTier, server: Server, signal: AbortSignal): Promise<Pair> => {
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, 'connection', { signal }) as Promise<[Socket]>;
  const asking = new Socket({ allowHalfOpen: true, signal });
  asking.setNoDelay(true).pause().connect({ host: '127.0.0.1', port });
  const [[theirs]] = await Promise.all([accepted, once(asking, 'connect', { signal })]);
  const ends = [theirs, asking].map((socket) => {
    const handle = tier.adopt(socket);
    if (handle === null) throw new Error('a connection has no handle as expected');
    const end = new End(new RawWire(tier, ''));
    end.wire.begin(handle);
    return end;
  });
  return ends as unknown as Pair;
};

const fault = async (what: string, ofPair: readonly Step[], pair: Pair, until: Until): Promise<string | null> => {
  try {
    for (const step of ofPair) if (!(await step(pair, until))) return `${what}: not as expected`;
    return null;
  } finally {
    for (const { wire } of pair) wire.destroy();
  }
};

/** Sees each operation work between two ends in this process; then the tier is raw, else public, and says why. */
export const testRawTier = async (tier: RawTier, testMs = usualTestMs): Promise<void> => {
  const signal = AbortSignal.timeout(testMs);
  const untilOf =
    (pair: Pair): Until =>
    async (isSo) => {
      while (!isSo()) {
        if (signal.aborted || tier.state !== 'untested' || pair.some(({ isBroken }) => isBroken)) return isSo();
        await nextTurn();
      }
      return true;
    };
  const server = createServer({ pauseOnConnect: true, noDelay: true }).listen(0, '127.0.0.1');
  let failed: string | null = await once(server, 'listening', { signal }).then(() => null, String);
  for (const [what, ofPair] of Object.entries(steps)) {
    failed ??= await pairOf(tier, server, signal).then((pair) => fault(what, ofPair, pair, untilOf(pair)), String);
  }
  server.close();
  if (tier.state !== 'untested') return;
  if (failed === null) tier.passed();
  else tier.failed(signal.aborted ? `${failed}, within ${testMs} ms` : failed);
};
