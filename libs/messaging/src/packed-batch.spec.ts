import { brotliCompressSync, constants } from 'node:zlib';
import { jest } from '@jest/globals';
import fc from 'fast-check';
import { batchBytesMax, batchEventsMax, type EventEnvelope } from '@lapidary/contracts/events/envelope';
import { packEvents, unpackBatch } from './packed-batch.js';

jest.setTimeout(180_000);

const event = (sequence: number, text: string): EventEnvelope => ({
  specversion: '1.0',
  id: `event-${sequence}`,
  source: '/regions/eu',
  type: 'lapidary.tenant.created.v1',
  subject: 'tenant/acme',
  time: '2025-01-01T00:00:00.000Z',
  originregion: 'eu',
  originepoch: 1,
  originsequence: sequence,
  hlc: '1700000000000.0000.eu',
  requestid: 'r',
  actor: 'system:test',
  data: { text },
});

describe('packed batches', () => {
  it('come out as they went in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string(), { minLength: 1, maxLength: 20 }), async (texts) => {
        const events = texts.map((t, i) => event(i + 1, t));
        const [batch, ...more] = await packEvents(events);
        expect(more).toEqual([]);
        expect(unpackBatch(batch!.packed)).toEqual(events);
      }),
      { numRuns: 50 },
    );
  });

  it('keep every event, in order, within both limits', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 300_000 }), { maxLength: 20 }), async (sizes) => {
        const events = sizes.map((n, i) => event(i + 1, 'x'.repeat(n)));
        const batches = await packEvents(events);
        expect(batches.flatMap((b) => unpackBatch(b.packed))).toEqual(events);
        for (const { events: part } of batches) {
          const bytes = part.reduce((sum, e) => sum + Buffer.byteLength(JSON.stringify(e)), 0);
          expect(part.length === 1 || bytes <= batchBytesMax * 1.05).toBe(true);
        }
      }),
      { numRuns: 20 },
    );
    const many = await packEvents(Array.from({ length: 1_200 }, (_, i) => event(i + 1, '')));
    expect(many.map((b) => b.events.length)).toEqual([batchEventsMax, batchEventsMax, 200]);
  });

  it('is never too large for the broker, whatever does not compress', async () => {
    const random = (n: number): string =>
      Array.from({ length: n }, () => String.fromCodePoint(0x4e00 + Math.floor(Math.random() * 20_000))).join('');
    const events = [1, 2, 3, 4].map((n) => event(n, random(120_000)));
    const batches = await packEvents(events);
    expect(batches.flatMap((b) => unpackBatch(b.packed))).toEqual(events);
    for (const { packed } of batches) expect(packed.length).toBeLessThan(1_000_000);
  });

  it('has no hole within a batch', async () => {
    const batches = await packEvents([event(1, ''), event(2, ''), event(5, ''), event(6, '')]);
    expect(batches.map((b) => b.events.map((e) => e.originsequence))).toEqual([
      [1, 2],
      [5, 6],
    ]);
  });

  it('of an older version is read too', () => {
    const events = [event(1, 'a'), event(2, 'b')];
    expect(unpackBatch(brotliCompressSync(JSON.stringify({ events })))).toEqual(events);
  });

  it('is poison with any of its bits turned', async () => {
    const [batch] = await packEvents(Array.from({ length: 50 }, (_, i) => event(i + 1, `text ${i}`)));
    for (let at = 0; at < batch!.packed.length; at += 1) {
      const rotten = Uint8Array.from(batch!.packed);
      rotten[at]! ^= 1 << (at % 8);
      expect(() => unpackBatch(rotten)).toThrow(expect.objectContaining({ code: 'poison_event' }));
    }
  });

  it('refuses rubbish, wrong shapes and a compression bomb as poison', () => {
    const bomb = brotliCompressSync(Buffer.alloc(16 * 1024 * 1024, 0x20), { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
    const framed = Buffer.concat([Buffer.from('LEC\x01\0\0\0\0', 'latin1'), bomb]);
    for (const bad of [
      Buffer.from('rubbish'),
      Buffer.from('LEC\x01'),
      framed,
      brotliCompressSync('{'),
      brotliCompressSync('{"events":[]}'),
      bomb,
    ]) {
      expect(() => unpackBatch(bad)).toThrow(expect.objectContaining({ code: 'poison_event' }));
    }
  });
});
