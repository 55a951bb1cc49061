import { brotliCompressSync, constants } from 'node:zlib';
import fc from 'fast-check';
import { batchBytesMax, batchEventsMax, type EventEnvelope } from '@lapidary/contracts/events/envelope';
import { packBatch, splitIntoBatches, unpackBatch } from './packed-batch.js';

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
        const [batch] = splitIntoBatches(events);
        expect(unpackBatch(await packBatch(batch!))).toEqual(events);
      }),
      { numRuns: 50 },
    );
  });

  it('keep every event, in order, within both limits', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40_000 }), { maxLength: 60 }), (sizes) => {
        const events = sizes.map((n, i) => event(i + 1, 'x'.repeat(n)));
        const batches = splitIntoBatches(events);
        expect(batches.flatMap((b) => b.events)).toEqual(events);
        for (const { events: part } of batches) {
          expect(part.length).toBeLessThanOrEqual(batchEventsMax);
          const bytes = part.reduce((sum, e) => sum + Buffer.byteLength(JSON.stringify(e)), 0);
          expect(part.length === 1 || bytes <= batchBytesMax).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
    expect(splitIntoBatches(Array.from({ length: 450 }, (_, i) => event(i + 1, ''))).map((b) => b.events.length)).toEqual([200, 200, 50]);
  });

  it('has no hole within a batch', () => {
    const batches = splitIntoBatches([event(1, ''), event(2, ''), event(5, ''), event(6, '')]);
    expect(batches.map((b) => b.events.map((e) => e.originsequence))).toEqual([
      [1, 2],
      [5, 6],
    ]);
  });

  it('refuses rubbish, wrong shapes and a compression bomb as poison', () => {
    const bomb = brotliCompressSync(Buffer.alloc(16 * 1024 * 1024, 0x20), { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
    for (const bad of [Buffer.from('rubbish'), brotliCompressSync('{'), brotliCompressSync('{"events":[]}'), bomb]) {
      expect(() => unpackBatch(bad)).toThrow(expect.objectContaining({ code: 'poison_event' }));
    }
  });
});
