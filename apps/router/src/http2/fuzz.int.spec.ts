import fc from 'fast-check';
import { Http2World, until } from './http2-world.fixture.js';
import { endHeaders, endStream, headers, types, usual, type Fields } from './wire.fixture.js';

let world: Http2World;
beforeAll(async () => void (world = await Http2World.begin()));
afterAll(() => world.end());

const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
const bytes = fc.string({ unit: byte, maxLength: 12 });
const name = fc.oneof(
  fc.constantFrom(':method', ':path', ':authority', ':scheme', ':status', 'host', 'cookie', 'content-length', 'te', 'connection'),
  fc.constantFrom('x-lapidary-tenant', 'x_lapidary_epoch', 'x-forwarded-for', 'x-tenant', 'transfer-encoding', 'expect', 'upgrade'),
  fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/),
  bytes,
);
const value = fc.oneof(
  fc.constantFrom('', '0', '5', 'trailers', 'chunked', 'acme.lapidary.localhost', 'beta.lapidary.localhost', 'beta', 'GET', '/', '99'),
  bytes,
);
const field = fc.tuple(name, value);
/** Behind, before and in the place of what a good request has. */
const requests = fc
  .record({ before: fc.array(field, { maxLength: 1 }), drop: fc.nat({ max: 20 }), after: fc.array(field, { maxLength: 4 }) })
  .map(({ before, drop, after }): Fields => [...before, ...usual().filter((_, i) => i !== drop), ...after]);

const once = (raw: readonly string[], wanted: string): string[] =>
  raw.filter((_, i) => i % 2 === 1 && raw[i - 1]!.toLowerCase().replaceAll('_', '-') === wanted);

describe('any fields at all', () => {
  it('have an answer, and what reaches the stamp is for the tenant whose host it is, by words of ours only (I4)', async () => {
    let forwarded = 0;
    await fc.assert(
      fc.asyncProperty(requests, async (fields) => {
        world.seen.length = 0;
        const wire = await world.open();
        wire.send(headers(1, fields, endStream | endHeaders));
        await until('an answer', () => wire.closed || wire.of(types.reset, 1).length + wire.of(types.headers, 1).length > 0);
        wire.socket.destroy();
        for (const { raw, line } of world.seen) {
          forwarded += 1;
          expect(line).toMatch(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+ \/\S*$/);
          expect(once(raw, 'x-lapidary-tenant')).toEqual(['acme']);
          expect(once(raw, 'x-lapidary-epoch')).toEqual(['1']);
          expect(once(raw, 'x-forwarded-for')).toEqual(['127.0.0.1']);
          expect(once(raw, 'host')).toEqual(['acme.lapidary.localhost']);
          expect(once(raw, 'transfer-encoding').length + once(raw, 'content-length').length).toBeLessThanOrEqual(1);
          expect(once(raw, 'te')).toEqual([]);
        }
      }),
      { numRuns: 600 },
    );
    // Else it would show nothing.
    expect(forwarded).toBeGreaterThan(20);
  });
});
