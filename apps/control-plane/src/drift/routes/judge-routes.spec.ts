import { confirmed, judgeRoutes, type OwnRoute } from './judge-routes.js';

const position = 10;
const ours = (cursor: number | null, more: Partial<OwnRoute> = {}): OwnRoute => ({
  cursor,
  epoch: 2,
  to: 'placed eu-1',
  isHere: true,
  ...more,
});
const mark = (cursor: number, more: Partial<{ epoch: number; to: string }> = {}) => ({
  key: 'k',
  cursor,
  epoch: 2,
  to: 'placed eu-1',
  ...more,
});

const judge = (own: OwnRoute | undefined, theirs: ReturnType<typeof mark> | undefined) => {
  const { suspects, pending } = judgeRoutes(new Map(own ? [['k', own]] : []), new Map(theirs ? [['k', theirs]] : []), position);
  return pending.length > 0 ? 'pending' : suspects.length > 0 ? 'suspect' : 'same';
};

describe('judging routes', () => {
  it.each([
    ['the same', ours(5), mark(5), 'same'],
    ['another epoch at one cursor', ours(5), mark(5, { epoch: 1 }), 'suspect'],
    ['another stamp at one cursor', ours(5), mark(5, { to: 'placed eu-2' }), 'suspect'],
    ['an older one that the replica claims to have replaced', ours(5), mark(4), 'suspect'],
    ['an older one, with the new on its way (R1)', ours(11), mark(4), 'pending'],
    ['none, though the replica claims to know', ours(5), undefined, 'suspect'],
    ['none, with the first on its way (R1)', ours(11), undefined, 'pending'],
    ['a cursor that nobody has given', ours(5), mark(6), 'suspect'],
    ['a row that has no cursor yet', ours(null), mark(4), 'pending'],
    ['one that nobody knows', undefined, mark(4), 'suspect'],
    ['one that is elsewhere by now', ours(5, { isHere: false }), mark(4), 'suspect'],
    ['one that is elsewhere, which is on its way (R1)', ours(11, { isHere: false }), mark(4), 'pending'],
    ['none of what is elsewhere', ours(null, { isHere: false }), undefined, 'same'],
  ])('%s', (_, own, theirs, verdict) => {
    expect(judge(own, theirs)).toBe(verdict);
  });

  it('only what is the same difference twice is drift (R2)', () => {
    const of = (key: string, epoch: number) => ({ key, expected: null, observed: { cursor: 1, epoch, to: '' } });
    expect(confirmed([of('a', 1), of('b', 1)], [of('a', 1), of('b', 2), of('c', 1)])).toEqual([of('a', 1)]);
  });
});
