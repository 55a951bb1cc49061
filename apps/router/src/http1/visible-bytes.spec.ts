import fc from 'fast-check';
import { readBufferBytes } from '../transport/read-buffer.js';
import { ScanResult } from './head-record.js';
import { scanRequestHead } from './request-head.js';
import { RequestHead } from './request-record.js';
import { skipVisible } from './visible-bytes.js';

const isVisible = (byte: number): boolean => byte >= 0x20 && byte <= 0x7e;
const wordBytes = 4;

/** Bytes that are mostly visible, with all edges of what is. */
const mixed = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
    fc.constantFrom(0, 9, 10, 13, 0x1f, 0x7f, 0x80, 0x9f, 0xa0, 0xff),
  ),
  {
    maxLength: 60,
  },
);
const readBuffer = Buffer.alloc(readBufferBytes);

const headIn = (bytes: Buffer, from: number, to: number): readonly unknown[] => {
  const head = new RequestHead();
  const result = scanRequestHead(bytes, from, to, head);
  const { status, reason, end, hostStart, hostEnd, fieldCount, contentLength } = head;
  const whole = [end, hostStart, hostEnd].map((at) => at - from);
  return result === ScanResult.Complete ? [result, ...whole, fieldCount, contentLength] : [result, status, reason];
};

describe('visible bytes four at a time', () => {
  it('passes over visible ones only, and over each whole word of them', () => {
    fc.assert(
      fc.property(mixed, fc.nat(12), fc.nat(60), (bytes, from, length) => {
        const to = Math.min(from + bytes.length, from + length);
        readBuffer.fill(0x41, 0, 128);
        readBuffer.set(bytes, from);
        const at = skipVisible(readBuffer, from, to);
        const firstOther = [...readBuffer.subarray(from, to)].findIndex((byte) => !isVisible(byte));
        const wanted = firstOther < 0 ? to : from + firstOther;
        expect(at).toBeLessThanOrEqual(wanted);
        expect(wanted - at).toBeLessThan(wordBytes);
        expect(at).toBeGreaterThanOrEqual(from);
      }),
      { numRuns: 2_000 },
    );
  });

  it('leaves small buffers, and those that no word begins with, to who asks', () => {
    const odd = Buffer.alloc(readBufferBytes + 1, 'a').subarray(1);
    expect([skipVisible(Buffer.from('visible'), 0, 7), skipVisible(odd, 8, 40)]).toEqual([0, 8]);
  });

  it('a head is the same in the buffer that is read into as in one of its own, wherever it begins and ends', () => {
    fc.assert(
      fc.property(fc.array(mixed, { maxLength: 4 }), fc.nat(7), fc.nat(5), (values, from, cut) => {
        const fields = values.map((value, i) => Buffer.concat([Buffer.from(`X-${i}: `), Buffer.from(value), Buffer.from('\r\n')]));
        const whole = Buffer.concat([Buffer.from('GET /a?b HTTP/1.1\r\nHost: acme.example\r\n'), ...fields, Buffer.from('\r\n')]);
        const bytes = whole.subarray(0, whole.length - cut);
        // What another read has left behind it is not part of it.
        readBuffer.fill(0x41, 0, from + whole.length + 8);
        readBuffer.set(bytes, from);
        expect(headIn(readBuffer, from, from + bytes.length)).toEqual(headIn(Buffer.from(bytes), 0, bytes.length));
      }),
      { numRuns: 2_000 },
    );
  });
});
