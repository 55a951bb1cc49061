import { freezeEndsAt, frozen, hasFreezeEnded, isFrozenByLabel, isHeldUp, thawed } from './tenant-labels.js';

const at = Date.UTC(2026, 4, 5, 12);
const text = '2026-05-05T12:00:00.000Z';

test.each([
  ['not frozen', { 'traffic-until': text }, null],
  ['frozen without an end', { traffic: 'frozen' }, null],
  ['frozen until a time', { traffic: 'frozen', 'traffic-until': text }, at],
  ['frozen until what is no time: it goes on', { traffic: 'frozen', 'traffic-until': 'soon' }, null],
])('a tenant is %s', (_, labels, expected) => {
  expect(freezeEndsAt(labels)).toBe(expected);
  expect([hasFreezeEnded(labels, at - 1), hasFreezeEnded(labels, at)]).toEqual([false, expected !== null]);
});

test('a freeze is set anew with its own end, or none, and taken back, and leaves the other labels', () => {
  const first = frozen({ plan: 'gold' }, at);
  expect(first).toEqual({ plan: 'gold', traffic: 'frozen', 'traffic-until': text });
  expect(frozen(first, null)).toEqual({ plan: 'gold', traffic: 'frozen' });
  expect([thawed(first), isFrozenByLabel(thawed(first))]).toEqual([{ plan: 'gold' }, false]);
  expect(thawed({ traffic: 'mirrored' })).toEqual({ traffic: 'mirrored' });
});

it.each([
  ['while it lasts', { traffic: 'frozen', 'traffic-until': text }, at - 1, true],
  ['for a minute after its time, which is its home region’s', { traffic: 'frozen', 'traffic-until': text }, at + 59_999, true],
  ['no longer', { traffic: 'frozen', 'traffic-until': text }, at + 60_000, false],
  ['without an end, for as long as it is said', { traffic: 'frozen' }, at + 1e12, true],
  ['not at all where nobody froze it', { 'traffic-until': text }, at - 1, false],
])('routers are told of a freeze %s', (_, labels, nowMs, held) => {
  expect(isHeldUp(labels, nowMs)).toBe(held);
});
