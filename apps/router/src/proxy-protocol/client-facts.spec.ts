import { clientFacts } from './client-facts.js';
import { networksOf } from './networks.js';

const trusted = networksOf(['10.0.0.0/8', '2001:db8:1::/48'], 'X');
const facts = (address: string, ...headers: [string, string][]): ReturnType<typeof clientFacts> =>
  clientFacts({ address, encrypted: false }, headers.flat(), trusted);
const forwardedFor = (value: string): [string, string] => ['X-Forwarded-For', value];

describe('who the client is', () => {
  it.each<[string, string, [string, string][], string]>([
    ['the other end, whatever it says of others', '203.0.113.9', [forwardedFor('6.6.6.6')], '203.0.113.9'],
    ['whom a trusted proxy names', '10.0.0.1', [forwardedFor('203.0.113.9')], '203.0.113.9'],
    [
      'the last that is no proxy of ours: what stands before it the client wrote itself',
      '10.0.0.1',
      [forwardedFor('6.6.6.6, 203.0.113.9, 10.1.1.1')],
      '203.0.113.9',
    ],
    [
      'the same over several lines',
      '10.0.0.1',
      [forwardedFor('6.6.6.6'), forwardedFor('203.0.113.9'), forwardedFor('10.1.1.1')],
      '203.0.113.9',
    ],
    ['the first proxy, where only proxies are named', '10.0.0.1', [forwardedFor('10.2.2.2, 10.1.1.1')], '10.2.2.2'],
    ['the proxy, where it names nobody', '10.0.0.1', [], '10.0.0.1'],
    ['the last that can be read', '10.0.0.1', [forwardedFor('203.0.113.9, rubbish, 10.1.1.1')], '10.1.1.1'],
    ['an IPv6 address, in brackets and with a port', '10.0.0.1', [forwardedFor('[2001:db8:2::1]:4711')], '2001:db8:2::1'],
    ['an IPv4 address with a port', '10.0.0.1', [forwardedFor('203.0.113.9:4711')], '203.0.113.9'],
    ['the same behind a proxy that connects over IPv6', '2001:db8:1::5', [forwardedFor('203.0.113.9')], '203.0.113.9'],
    ['the same where IPv4 comes within IPv6', '::ffff:10.0.0.1', [forwardedFor('203.0.113.9')], '203.0.113.9'],
  ])('%s', (_, peer, headers, address) => expect(facts(peer, ...headers).address).toBe(address));

  it('comes over what a trusted proxy says, where it says one thing', () => {
    expect(facts('10.0.0.1', ['X-Forwarded-Proto', 'https']).proto).toBe('https');
    expect(facts('10.0.0.1', ['X-Forwarded-Proto', 'https'], ['X-Forwarded-Proto', 'http']).proto).toBe('http');
    expect(facts('10.0.0.1', ['X-Forwarded-Proto', 'gopher']).proto).toBe('http');
    expect(facts('203.0.113.9', ['X-Forwarded-Proto', 'https']).proto).toBe('http');
  });
});

describe('networks', () => {
  it.each(['10.0.0.0/33', '10.0.0/8', 'x', '::/129', '10.0.0.0/8/8', '10.0.0.0/', ''])('"%s" is none', (block) => {
    expect(() => networksOf([block], 'LAPIDARY_X')).toThrow('LAPIDARY_X');
  });
});
