import fc from 'fast-check';
import { FrameBatch } from './frame-batch.js';
import { FrameReader } from './frame-reader.js';
import { dataBytesMax, frameHeaderBytes, frameType, headBytesMax, type LinkFault } from './frames.js';

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: string;
}

const readAll = (chunks: readonly Buffer[], role: 'router' | 'agent' = 'agent') => {
  const frames: Frame[] = [];
  const reader = new FrameReader(role, {
    frame: (type, flags, stream, bytes, start, end) => {
      frames.push({ type, flags, stream, payload: bytes.toString('latin1', start, end) });
      return null;
    },
  });
  let fault: LinkFault | null = null;
  for (const chunk of chunks) fault = reader.push(chunk, 0, chunk.length);
  return { frames, fault, isWithinFrame: reader.isWithinFrame };
};

const sample = (): Buffer => {
  const batch = new FrameBatch();
  const bytes = Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const head = [bytes.toString('latin1', 0, 5), bytes.toString('latin1', 5, 9)];
  batch.request(1, { tenant: 'acme', epoch: 2 ** 49, head, end: bytes.toString('latin1', 9), isLast: true });
  batch.data(2, bytes, 3, 9, false);
  batch.end(2);
  batch.reset(3, 'cancelled');
  batch.window(0, 77);
  batch.window(5, 78);
  batch.ping('ping', Buffer.from('01234567'), 0);
  batch.goaway(9, 0, 'over');
  return Buffer.concat(batch.take());
};

const frameArbitrary = fc.record({
  stream: fc.integer({ min: 1, max: 0x7fff_ffff }),
  payload: fc.uint8Array({ minLength: 1, maxLength: 3_000 }),
  isLast: fc.boolean(),
});

describe('frames', () => {
  it('come out the same however the bytes are split (L5)', () => {
    fc.assert(
      fc.property(fc.array(frameArbitrary, { maxLength: 20 }), fc.infiniteStream(fc.integer({ min: 1, max: 4_000 })), (list, sizes) => {
        const batch = new FrameBatch();
        for (const { stream, payload, isLast } of list) batch.data(stream, Buffer.from(payload), 0, payload.length, isLast);
        const bytes = Buffer.concat(batch.take());
        const chunks: Buffer[] = [];
        for (let at = 0; at < bytes.length;) {
          const size = sizes.next().value as number;
          chunks.push(bytes.subarray(at, at + size));
          at += size;
        }
        const read = readAll(chunks);
        expect(read.fault).toBeNull();
        expect(read.isWithinFrame).toBe(false);
        expect(read.frames).toEqual(
          list.map(({ stream, payload, isLast }) => ({
            type: frameType.data,
            flags: isLast ? 1 : 0,
            stream,
            payload: Buffer.from(payload).toString('latin1'),
          })),
        );
      }),
    );
  });

  it('come out the same for every single split of one of each', () => {
    const bytes = sample();
    const whole = readAll([bytes]);
    expect(whole.frames).toHaveLength(8);
    expect(readAll([...bytes].map((_, i) => bytes.subarray(i, i + 1))).frames).toEqual(whole.frames);
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(readAll([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(whole);
      const begun = readAll([bytes.subarray(0, cut)]);
      expect(begun.frames).toEqual(whole.frames.slice(0, begun.frames.length));
      // What was cut within a frame shows, and no part of that frame was given on.
      expect(begun.isWithinFrame).toBe(begun.frames.reduce((sum, f) => sum + frameHeaderBytes + f.payload.length, 0) !== cut);
    }
  });

  it('of many pages stay whole and in order', () => {
    const batch = new FrameBatch();
    const bytes = Buffer.alloc(dataBytesMax, 'x');
    for (let stream = 1; stream <= 40; stream++) batch.data(stream, bytes, 0, bytes.length, false);
    expect(batch.bytes).toBe(40 * (dataBytesMax + frameHeaderBytes));
    const parts = batch.take();
    expect(parts.length).toBeGreaterThan(5);
    expect(batch.take()).toEqual([]);
    expect(readAll(parts).frames.map((f) => f.stream)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    for (const part of parts) batch.giveBack(part);
    batch.data(1, bytes, 0, 5, true);
    expect(readAll(batch.take()).frames).toEqual([{ type: frameType.data, flags: 1, stream: 1, payload: 'xxxxx' }]);
  });
});

const header = (type: number, flags: number, length: number, stream: number): Buffer => {
  const bytes = Buffer.alloc(frameHeaderBytes);
  bytes[0] = type;
  bytes[1] = flags;
  bytes.writeUInt16BE(length, 2);
  bytes.writeUInt32BE(stream, 4);
  return bytes;
};

describe('a header that no rule allows closes the link before its payload is kept (L6)', () => {
  it.each([
    ['an unknown type', header(0, 0, 0, 1)],
    ['another unknown type', header(11, 0, 0, 1)],
    ['an unknown flag', header(frameType.data, 2, 1, 1)],
    ['END where nothing ends', header(frameType.window, 1, 4, 1)],
    ['DATA for the link itself', header(frameType.data, 0, 1, 0)],
    ['PING on a stream', header(frameType.ping, 0, 8, 1)],
    ['an id beyond the last', header(frameType.data, 0, 1, 0x8000_0000)],
    ['DATA above the limit', header(frameType.data, 0, dataBytesMax + 1, 1)],
    ['empty DATA that ends nothing', header(frameType.data, 0, 0, 1)],
    ['a head above the limit', header(frameType.request, 0, headBytesMax + 100, 1)],
    ['a request too short for tenant and epoch', header(frameType.request, 0, 10, 1)],
    ['a short WINDOW', header(frameType.window, 0, 3, 1)],
    ['a RESPONSE to the end that sends them', header(frameType.response, 0, 10, 1)],
    ['READY to the end that sends it', header(frameType.ready, 0, 0, 0)],
  ])('%s', (_, bytes) => {
    const good = sample();
    for (const chunks of [[bytes], [bytes.subarray(0, 3), bytes.subarray(3)], [Buffer.concat([bytes, good])]]) {
      expect(readAll(chunks)).toMatchObject({ fault: 'bad_frame', frames: [] });
    }
    expect(readAll([good, bytes, good]).frames).toHaveLength(8);
  });

  it('a REQUEST at the router', () => {
    expect(readAll([header(frameType.request, 1, 20, 1)], 'router').fault).toBe('bad_frame');
  });

  it('rubbish never gets through as more than what its bytes say, and never throws', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 64 }), { maxLength: 30 }), (chunks) => {
        const split = readAll(chunks.map((c) => Buffer.from(c)));
        const whole = readAll([Buffer.concat(chunks)]);
        expect(split.frames).toEqual(whole.frames);
        expect(split.fault).toBe(whole.fault);
      }),
      { numRuns: 500 },
    );
  });
});
