import fc from 'fast-check';
import { encode } from 'dns-packet';
import { publicDoorsFrom } from '../public-doors.js';
import { baseDomain, ednsOf, question, read, TestDns } from './dns-world.fixture.js';
import { respond } from './respond.js';

const named = publicDoorsFrom('https://{stamp}.doors.example.net');
const addressed = { of: () => [new URL('https://198.51.100.7'), new URL('https://[2001:db8::7]')] };

describe('a tenant’s host name', () => {
  it('without public doors is answered with the routers, in both families', () => {
    const dns = new TestDns();
    dns.tenant('acme');
    expect(dns.ask(`acme.${baseDomain}`, 'A').answers).toMatchObject([{ type: 'A', data: '192.0.2.1' }]);
    expect(dns.ask(`acme.${baseDomain}`, 'AAAA').answers).toMatchObject([{ type: 'AAAA', data: '2001:db8::1' }]);
  });

  it('with a public door that is a name is an alias of it, for every type', () => {
    const dns = new TestDns({ doors: named });
    dns.tenant('acme');
    for (const type of ['A', 'AAAA', 'TXT'])
      expect(dns.ask(`acme.${baseDomain}`, type).answers).toMatchObject([{ type: 'CNAME', data: 'eu-1.doors.example.net' }]);
  });

  it('with public doors that are addresses is answered with them', () => {
    const dns = new TestDns({ doors: addressed });
    dns.tenant('acme');
    expect(dns.ask(`acme.${baseDomain}`, 'A').answers).toMatchObject([{ data: '198.51.100.7' }]);
    expect(dns.ask(`acme.${baseDomain}`, 'AAAA').answers).toMatchObject([{ data: '2001:db8::7' }]);
  });

  it.each([
    ['a tenant that is pending', { status: 'pending', stamp: null }, {}],
    ['a tenant that is suspended', { status: 'suspended' }, {}],
    ['a stamp that is not active', {}, { status: 'retiring' }],
  ] as const)('of %s leads to the routers, who say why', (_, tenant, stamp) => {
    const dns = new TestDns({ doors: named });
    dns.tenant('acme', tenant as never);
    dns.stamp(stamp as never);
    expect(dns.ask(`acme.${baseDomain}`, 'A').answers).toMatchObject([{ data: '192.0.2.1', ttl: 5 }]);
  });

  it('moves with the placement: the next answer names the new stamp', () => {
    const dns = new TestDns({ doors: named });
    dns.stamp({ stamp: 'eu-2' as never });
    dns.tenant('acme');
    dns.tenant('acme', { stamp: 'eu-2' as never, epoch: 2, changedAtMs: dns.nowMs });
    expect(dns.ask(`acme.${baseDomain}`, 'A').answers).toMatchObject([{ data: 'eu-2.doors.example.net', ttl: 5 }]);
  });

  it('is echoed in the letters in which it was asked, and found in any', () => {
    const dns = new TestDns();
    dns.tenant('acme');
    const answer = dns.ask('aCmE.LAPIDARY.test', 'A');
    expect(answer.questions![0]!.name).toBe('aCmE.LAPIDARY.test');
    expect(answer.answers).toMatchObject([{ name: 'aCmE.LAPIDARY.test', data: '192.0.2.1' }]);
  });
});

describe('a custom host', () => {
  it('is a zone of its own; a door that is a name can’t be an alias there, so it leads to the routers', () => {
    const dns = new TestDns({ doors: named });
    dns.tenant('acme', { hosts: ['shop.example.com'] });
    expect(dns.ask('shop.example.com', 'A').answers).toMatchObject([{ type: 'A', data: '192.0.2.1' }]);
    expect(dns.ask('shop.example.com', 'SOA').answers).toMatchObject([{ type: 'SOA', name: 'shop.example.com' }]);
    expect(dns.ask('shop.example.com', 'NS').answers).toMatchObject([{ type: 'NS', data: `a.ns.${baseDomain}` }]);
    expect(dns.ask('x.shop.example.com', 'A')).toMatchObject({ rcode: 'NOERROR', flag_aa: true, answers: [] });
    expect(dns.ask('example.com', 'A')).toMatchObject({ rcode: 'REFUSED', flag_aa: false });
  });

  it('does not say of a name between it and another one that there is nothing: resolvers would believe that of the other, too', () => {
    const dns = new TestDns();
    dns.tenant('acme', { hosts: ['example.com'] });
    dns.tenant('beta', { hosts: ['a.b.example.com'] });
    expect(dns.ask('b.example.com', 'A')).toMatchObject({
      rcode: 'NOERROR',
      answers: [],
      authorities: [{ type: 'SOA', name: 'example.com' }],
    });
    expect(dns.ask('a.b.example.com', 'A').answers).toMatchObject([{ type: 'A' }]);
    dns.mayLack = true;
    expect(dns.ask('b.example.com', 'A').rcode).toBe('SERVFAIL');
  });
});

describe('what there is not', () => {
  const dns = new TestDns();
  dns.tenant('acme');
  dns.tenant('gone', { status: 'deleted', stamp: null });

  it.each([
    ['an unknown tenant', `nobody.${baseDomain}`, 'A', 'NXDOMAIN'],
    ['a deleted tenant', `gone.${baseDomain}`, 'A', 'NXDOMAIN'],
    ['a name below a tenant’s', `x.acme.${baseDomain}`, 'A', 'NXDOMAIN'],
    ['a type that a tenant’s host lacks', `acme.${baseDomain}`, 'MX', 'NOERROR'],
    ['a type that nobody knows', `acme.${baseDomain}`, 'UNKNOWN_65', 'NOERROR'],
    ['a name with others below it', `ns.${baseDomain}`, 'A', 'NOERROR'],
  ])('%s: told as such, with the SOA that says for how long', (_, name, type, rcode) => {
    const answer = dns.ask(name, type);
    expect(answer).toMatchObject({ rcode, flag_aa: true, answers: [] });
    expect(answer.authorities).toMatchObject([{ type: 'SOA', name: baseDomain, ttl: 5, data: { serial: 42, minimum: 5 } }]);
  });

  it.each([
    ['a name of others', 'www.example.org', 'A', {}],
    ['a transfer of the zone', baseDomain, 'AXFR', {}],
    ['another class', 'version.bind', 'TXT', { questions: [{ name: 'version.bind', type: 'TXT', class: 'CH' }] }],
  ] as const)('%s: refused, without a word more', (_, name, type, packet) => {
    expect(dns.ask(name, type, { packet: packet as never })).toMatchObject({
      rcode: 'REFUSED',
      flag_aa: false,
      answers: [],
      authorities: [],
    });
  });

  it('a directory: SERVFAIL, so that resolvers ask another server and keep nothing', () => {
    const empty = new TestDns();
    empty.isLoaded = false;
    expect(empty.ask(`acme.${baseDomain}`, 'A').rcode).toBe('SERVFAIL');
  });

  it('what is newer than the copy that it began with: SERVFAIL for names that it lacks, the others as ever', () => {
    dns.mayLack = true;
    expect(dns.ask(`nobody.${baseDomain}`, 'A').rcode).toBe('SERVFAIL');
    expect(dns.ask(`acme.${baseDomain}`, 'A').rcode).toBe('NOERROR');
  });

  it('recursion: never offered, whatever is desired', () => {
    expect(dns.ask(`acme.${baseDomain}`, 'A', { packet: { flags: 0x100 } })).toMatchObject({ flag_rd: true, flag_ra: false });
  });
});

describe('the apex', () => {
  it('has SOA, NS with glue, and the routers’ addresses; ANY is one small record (RFC 8482)', () => {
    const dns = new TestDns();
    expect(dns.ask(baseDomain, 'NS').additionals).toMatchObject([
      { type: 'A', name: `a.ns.${baseDomain}` },
      { type: 'AAAA', name: `a.ns.${baseDomain}` },
    ]);
    expect(dns.ask(`a.ns.${baseDomain}`, 'A').answers).toMatchObject([{ data: '192.0.2.1' }]);
    expect(dns.ask(baseDomain, 'A').answers).toMatchObject([{ data: '192.0.2.1' }]);
    expect(dns.ask(baseDomain, 'ANY').answers).toMatchObject([{ type: 'HINFO', data: { cpu: 'RFC8482' } }]);
  });
});

describe('EDNS0', () => {
  const many = new TestDns({ addresses: Array.from({ length: 60 }, (_, i) => `192.0.2.${i + 1}`) });
  many.tenant('acme');
  const name = `acme.${baseDomain}`;

  it('is answered in kind, and an unknown version by BADVERS', () => {
    const dns = new TestDns();
    dns.tenant('acme');
    expect(dns.ask(name, 'A').additionals).toEqual([]);
    expect(dns.ask(name, 'A', { packet: ednsOf(4096) }).additionals).toMatchObject([
      { type: 'OPT', udpPayloadSize: 1232, extendedRcode: 0 },
    ]);
    expect(dns.ask(name, 'A', { packet: ednsOf(4096, 1) }).additionals).toMatchObject([{ type: 'OPT', extendedRcode: 1 }]);
  });

  it.each([
    ['without it', {}],
    ['with a size below the least', ednsOf(100)],
    ['with any size', ednsOf(65_535)],
  ])('%s, an answer too large for UDP is cut and empty, and whole over TCP', (_, packet) => {
    expect(many.ask(name, 'A', { packet })).toMatchObject({ flag_tc: true, answers: [] });
    expect(many.ask(name, 'A', { packet, transport: 'tcp' }).answers).toHaveLength(60);
  });
});

describe('rubbish', () => {
  const dns = new TestDns({ addresses: Array.from({ length: 30 }, (_, i) => `192.0.2.${i + 1}`) });
  dns.tenant('acme', { hosts: ['shop.example.com'] });
  const good = question(`acme.${baseDomain}`, 'A');

  it('that is an answer is never answered: no loops', () => {
    expect(respond(encode({ type: 'response', id: 1, questions: [{ name: 'a', type: 'A' }] }), 'udp', dns.world)).toEqual({
      kind: 'drop',
      reason: 'not_a_query',
    });
  });

  it.each([
    ['a byte behind the question', Buffer.concat([good, Buffer.from([0])])],
    ['a name cut off', good.subarray(0, 20)],
    ['a pointer to itself', Buffer.concat([good.subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])])],
    ['a name longer than any', Buffer.concat([good.subarray(0, 12), Buffer.from(`${'\x01a'.repeat(128)}\0\0\x01\0\x01`, 'latin1')])],
  ])('with %s is dropped', (_, bytes) => {
    expect(respond(bytes, 'udp', dns.world)).toEqual({ kind: 'drop', reason: 'malformed' });
  });

  const zone = Buffer.from('\x08lapidary\x04test\0\0\x01\0\x01', 'latin1');
  const shop = Buffer.from('\x04shop\x07example\x03com\0\0\x01\0\x01', 'latin1');
  // "acme.lapidary" as one label of "test", and so on: read as text, they would be names of ours.
  const oneLabel = Buffer.from('\x0dacme.lapidary\x04test\0\0\x01\0\x01', 'latin1');
  it.each([
    ['a dot within a label', Buffer.concat([Buffer.from('\x03a.b', 'latin1'), zone]), 'NXDOMAIN', 1],
    ['a tenant’s name and a dot as one label', Buffer.concat([Buffer.from('\x05acme.', 'latin1'), zone]), 'NXDOMAIN', 1],
    ['a label that is no text', Buffer.concat([Buffer.from('\x02\xff\xfe', 'latin1'), zone]), 'NXDOMAIN', 1],
    ['a space and a NUL below a custom host', Buffer.concat([Buffer.from('\x03a \0', 'latin1'), shop]), 'NOERROR', 1],
    ['our base domain within one label', oneLabel, 'REFUSED', 0],
  ])('with %s is a name that there is not, echoed to the byte: who hears nothing takes us for dead', (_, asked, rcode, authorities) => {
    for (const transport of ['udp', 'tcp'] as const) {
      const response = respond(Buffer.concat([good.subarray(0, 12), asked]), transport, dns.world);
      if (response.kind !== 'answer') throw new Error('no answer');
      expect(response.bytes.subarray(12, 12 + asked.length)).toEqual(asked);
      expect([response.outcome, response.bytes.readUInt16BE(4), response.bytes.readUInt16BE(6)]).toEqual([rcode, 1, 0]);
      expect(response.bytes.readUInt16BE(8)).toBe(authorities);
    }
  });

  it.each([
    [
      'two questions',
      encode({
        questions: [
          { name: 'a', type: 'A' },
          { name: 'b', type: 'A' },
        ],
      }),
      'FORMERR',
    ],
    [
      'an answer in the question',
      encode({ questions: [{ name: 'a', type: 'A' }], answers: [{ type: 'A', name: 'a', data: '1.2.3.4' }] }),
      'FORMERR',
    ],
    ['another opcode', encode({ flags: 5 << 11, questions: [{ name: 'a', type: 'A' }] }), 'NOTIMP'],
  ])('of %s is refused in twelve bytes', (_, bytes, rcode) => {
    const response = respond(bytes, 'udp', dns.world);
    expect(response.kind === 'answer' && read(response.bytes).rcode).toBe(rcode);
    expect(response.kind === 'answer' && response.bytes).toHaveLength(12);
  });

  it('of any kind throws nothing, and no answer over UDP exceeds eight times its question or 1232 bytes', () => {
    const types = ['A', 'AAAA', 'NS', 'SOA', 'ANY', 'TXT', 'UNKNOWN_65'];
    const names = [`acme.${baseDomain}`, baseDomain, 'shop.example.com', `x.${baseDomain}`, 'example.org', '.'];
    const mutated = fc
      .tuple(
        fc.constantFrom(...names),
        fc.constantFrom(...types),
        fc.constantFrom({}, ednsOf(65_535), ednsOf(512, 1)),
        fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 4 }),
      )
      .map(([name, type, edns, changes]) => {
        const bytes = question(name, type, edns);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        return bytes;
      });
    const anything = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.oneof(mutated, anything), (bytes) => {
        const response = respond(bytes, 'udp', dns.world);
        if (response.kind === 'answer') expect(response.bytes.length).toBeLessThanOrEqual(Math.min(1232, bytes.length * 8));
      }),
      { numRuns: 3_000 },
    );
  });
});
