import { autonomousSince } from './geode-status.js';

const cut = (cutSince: string | null) => ({ link: 'cut' as const, cutSince });
const connected = { link: 'connected' as const, cutSince: null };

test.each([
  ['one that hears somebody is not alone', [connected, cut('2026-01-01T00:00:00.000Z')], null],
  ['alone since the last one fell silent', [cut('2026-01-01T00:00:00.000Z'), cut('2026-01-02T00:00:00.000Z')], '2026-01-02T00:00:00.000Z'],
  ['one that never heard anybody can’t say since when', [cut(null)], null],
  ['a fleet of one region is whole', [], null],
])('P-GE6: %s', (_, peers, since) => expect(autonomousSince(peers)).toBe(since));
