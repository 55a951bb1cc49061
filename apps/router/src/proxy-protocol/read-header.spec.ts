import fc from 'fast-check';
import { readProxyHeader } from './read-header.js';

const line = (text: string): Buffer => Buffer.from(`${text}\r\n`, 'latin1');
const head2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const v2 = (command: number, family: number, rest: Buffer, length = rest.length): Buffer =>
  Buffer.concat([head2, Buffer.from([command, family, length >> 8, length & 0xff]), rest]);
const v4 = Buffer.from([192, 0, 2, 1, 198, 51, 100, 1, 0xdb, 0xad, 0x01, 0xbb]);
const v6 = Buffer.concat([
  Buffer.from('20010db8000000000000000000000001', 'hex'),
  Buffer.from('20010db8000000000000000000000002', 'hex'),
  Buffer.from([0xdb, 0xad, 0x01, 0xbb]),
]);
const tlv = Buffer.from([0x04, 0, 2, 1, 2]);

const good: [string, Buffer, { address: string; port: number } | null][] = [
  ['version 1 over IPv4', line('PROXY TCP4 192.0.2.1 198.51.100.1 56237 443'), { address: '192.0.2.1', port: 56_237 }],
  ['version 1 over IPv6', line('PROXY TCP6 2001:db8:0:0:0:0:0:1 2001:db8::2 56237 443'), { address: '2001:db8::1', port: 56_237 }],
  [
    'version 1, the longest',
    line(`PROXY TCP6 ${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}ffff 65535 65535`),
    { address: `${'ffff:'.repeat(7)}ffff`, port: 65_535 },
  ],
  ['version 1, unknown', line('PROXY UNKNOWN'), null],
  ['version 1, unknown, with anything behind it', line('PROXY UNKNOWN ffff::1 x y z'), null],
  ['version 2 over IPv4', v2(0x21, 0x11, v4), { address: '192.0.2.1', port: 56_237 }],
  ['version 2 over IPv6', v2(0x21, 0x21, v6), { address: '2001:db8::1', port: 56_237 }],
  ['version 2 with additions', v2(0x21, 0x11, Buffer.concat([v4, tlv, tlv])), { address: '192.0.2.1', port: 56_237 }],
  ['version 2, unspecified', v2(0x21, 0x00, Buffer.alloc(0)), null],
  ['version 2, local', v2(0x20, 0x00, Buffer.alloc(0)), null],
  ['version 2, local, with addresses', v2(0x20, 0x11, v4), null],
];

const wrong: [string, Buffer][] = [
  ['HTTP', line('GET / HTTP/1.1')],
  ['TLS', Buffer.from([0x16, 3, 1, 2, 0, 1])],
  ['small letters', line('proxy TCP4 192.0.2.1 198.51.100.1 1 2')],
  ['two spaces', line('PROXY TCP4  192.0.2.1 198.51.100.1 1 2')],
  ['a tab', line('PROXY TCP4\t192.0.2.1 198.51.100.1 1 2')],
  ['UDP', line('PROXY UDP4 192.0.2.1 198.51.100.1 1 2')],
  ['no family', line('PROXY ')],
  ['the other family’s address', line('PROXY TCP4 2001:db8::1 198.51.100.1 1 2')],
  ['an address with leading zeros', line('PROXY TCP4 192.0.02.1 198.51.100.1 1 2')],
  ['an address with a zone', line('PROXY TCP6 fe80::1%eth0 2001:db8::2 1 2')],
  ['a name', line('PROXY TCP4 localhost 198.51.100.1 1 2')],
  ['a port above 65535', line('PROXY TCP4 192.0.2.1 198.51.100.1 65536 2')],
  ['a port with a leading zero', line('PROXY TCP4 192.0.2.1 198.51.100.1 01 2')],
  ['a port with a sign', line('PROXY TCP4 192.0.2.1 198.51.100.1 -1 2')],
  ['a word more', line('PROXY TCP4 192.0.2.1 198.51.100.1 1 2 3')],
  ['a bare LF', Buffer.from(`PROXY TCP4 192.0.2.1 198.51.100.1 1 2\n${'x'.repeat(100)}`)],
  ['a line without end', Buffer.from(`PROXY TCP4 ${'1'.repeat(200)}`)],
  ['version 3', v2(0x31, 0x11, v4)],
  ['an unknown command', v2(0x22, 0x11, v4)],
  ['UDP in version 2', v2(0x21, 0x12, v4)],
  ['a UNIX socket in version 2', v2(0x21, 0x31, Buffer.alloc(216))],
  ['a header too short for its addresses', v2(0x21, 0x21, v4)],
  ['a header too long', v2(0x21, 0x11, Buffer.alloc(3_000))],
  ['additions cut off', v2(0x21, 0x11, Buffer.concat([v4, Buffer.from([4, 0, 9, 1])]))],
];

describe('a PROXY header', () => {
  it.each(good)('of %s is read to its end, and not a byte beyond', (_, bytes, client) => {
    expect(readProxyHeader(Buffer.concat([bytes, Buffer.from('PROXY GET')]))).toEqual({ kind: 'whole', bytes: bytes.length, client });
  });

  it.each(good)('of %s: every split of it is waited for', (_, bytes) => {
    for (let at = 0; at < bytes.length; at += 1) expect(readProxyHeader(bytes.subarray(0, at))).toEqual({ kind: 'more' });
  });

  it.each(wrong)('with %s is refused, however it is split: nothing that has more to come is taken', (_, bytes) => {
    expect(readProxyHeader(bytes).kind).toBe('bad');
    for (let at = 0; at < bytes.length; at += 1) expect(readProxyHeader(bytes.subarray(0, at)).kind).not.toBe('whole');
  });

  it('of any bytes throws nothing, waits for no more than a bound, and never claims more than there is', () => {
    const beginnings = fc.constantFrom(Buffer.alloc(0), Buffer.from('PROXY '), head2, Buffer.concat([head2, Buffer.from([0x21, 0x11])]));
    fc.assert(
      fc.property(beginnings, fc.uint8Array({ maxLength: 300 }), (beginning, rest) => {
        const bytes = Buffer.concat([beginning, rest]);
        const read = readProxyHeader(bytes);
        if (read.kind === 'whole') expect(read.bytes).toBeLessThanOrEqual(bytes.length);
        if (read.kind === 'more') expect(bytes.length).toBeLessThan(16 + 2_048);
      }),
      { numRuns: 2_000 },
    );
  });
});
