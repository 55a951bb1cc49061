import fc from 'fast-check';
import { hostHash, HostTable, type AskedHost } from './host-table.js';

const hashOf = (host: string): number => hostHash(Buffer.from(host, 'latin1'), 0, host.length);
/** Few, so that the same ones come again. */
const host = fc.oneof(
  fc.constantFrom('', 'a', 'b', 'acme.example', 'acme.example:80'),
  fc.nat(600).map((n) => `t${n}.example`),
);
/** Hosts that meet, too: what a hash says is a hint. */
const hash = fc.constantFrom(
  hashOf,
  () => 7,
  (of: string) => of.length,
);

describe('a table of hosts', () => {
  it('says of each what a Map says, whoever meets whom', () => {
    const step = fc.oneof(
      { weight: 60, arbitrary: fc.record({ what: fc.constant('set' as const), host, value: fc.nat() }) },
      { weight: 60, arbitrary: fc.record({ what: fc.constant('get' as const), host, value: fc.constant(0) }) },
      { weight: 1, arbitrary: fc.record({ what: fc.constant('clear' as const), host, value: fc.constant(0) }) },
    );
    fc.assert(
      fc.property(hash, fc.array(step, { maxLength: 700, size: 'max' }), (hashed, steps) => {
        const table = new HostTable<number>();
        const asking = (of: string): AskedHost => ({ hostHash: hashed(of), isHost: (known) => known === of });
        const model = new Map<string, number>();
        for (const { what, host: of, value } of steps) {
          if (what === 'clear') {
            table.clear();
            model.clear();
          } else if (what === 'set') {
            table.set(of, asking(of), value);
            model.set(of, value);
          }
          // An expect for each would take most of the time.
          if (table.get(asking(of)) !== model.get(of) || table.size !== model.size) throw new Error(`${what} ${of}`);
        }
        for (const [of, value] of model) expect(table.get(asking(of))).toBe(value);
      }),
      { numRuns: 30 },
    );
  });

  it('a host has one hash, wherever its bytes lie', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(9), (bytes, at) => {
        const elsewhere = Buffer.alloc(64, 'x');
        elsewhere.set(bytes, at);
        expect(hostHash(elsewhere, at, at + bytes.length)).toBe(hostHash(bytes, 0, bytes.length));
      }),
    );
  });
});
