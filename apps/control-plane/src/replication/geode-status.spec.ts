import { autonomousSince, causeOf } from './geode-status.js';

const cut = (cutSince: string | null, confirmedAt = cutSince) => ({ link: 'cut' as const, cutSince, confirmedAt });
const connected = { link: 'connected' as const, cutSince: null, confirmedAt: '2026-01-03T00:00:00.000Z' };
/** Of a region that was planned and never started, a process knows its own start. */
const neverHeard = cut('2026-01-09T00:00:00.000Z', null);

test.each([
  ['one that hears somebody is not alone', [connected, cut('2026-01-01T00:00:00.000Z')], null],
  ['alone since the last one fell silent', [cut('2026-01-01T00:00:00.000Z'), cut('2026-01-02T00:00:00.000Z')], '2026-01-02T00:00:00.000Z'],
  ['one that was never started says nothing of when', [cut('2026-01-01T00:00:00.000Z'), neverHeard], '2026-01-01T00:00:00.000Z'],
  ['one that never heard anybody goes by its own start', [neverHeard], '2026-01-09T00:00:00.000Z'],
  ['one that never heard anybody can’t say since when', [cut(null)], null],
  ['a fleet of one region is whole', [], null],
])('P-GE6: %s', (_, peers, since) => expect(autonomousSince(peers)).toBe(since));

const problem = { text: 'The NATS server at us:4222 does not answer', isRefused: false };
test.each([
  ['nothing is known', causeOf('eu', 'us', null, null), null],
  ['the server can’t be reached', causeOf('eu', 'us', null, problem), problem.text],
  [
    'it lets this region not in, as one of protocol 1 does',
    causeOf('eu', 'us', null, { text: 'The NATS server at us:4222 refuses user "geo-eu"', isRefused: true }),
    'The NATS server at us:4222 refuses user "geo-eu"; or region us runs protocol 1, which has one user for all regions: roll it out',
  ],
  [
    'they have no protocol in common',
    causeOf('eu', 'us', { speaks: 5, hears: 4, agreed: null }, null),
    'Region us speaks protocol 4 to 5, region eu 2 to 3: roll out eu',
  ],
])('a peer is cut: %s', (_, said, expected) => expect(said).toBe(expected));
