import { checkDigest, type DigestMemory, type DigestVerdict } from './digest-check.js';

const ours = { generation: 'g', cursor: 10, count: 3, root: 'r' };
const theirs = { ...ours, region: 'eu' };
const after = (verdict: DigestVerdict, cursor = 10): DigestMemory => ({ verdict, cursor });

describe('comparing with the control plane’s digest', () => {
  it('equal', () => expect(checkDigest(ours, theirs, null)).toBe('equal'));
  it('a digest taken before our last change says nothing', () =>
    expect(checkDigest(ours, { ...theirs, cursor: 9, root: 'x' }, after('differ'))).toBe('ahead'));
  it('another database gives the cursors: rebuild', () => expect(checkDigest(ours, { ...theirs, generation: 'h' }, null)).toBe('rebuild'));

  it.each([
    ['another root', { root: 'x' }],
    ['another count', { count: 4 }],
  ])('%s at the same cursor must show twice in a row', (_, over) => {
    const digest = { ...theirs, ...over };
    expect(checkDigest(ours, digest, null)).toBe('differ');
    expect(checkDigest(ours, digest, after('equal'))).toBe('differ');
    expect(checkDigest(ours, digest, after('differ', 9))).toBe('differ');
    expect(checkDigest(ours, digest, after('differ'))).toBe('reload');
  });

  it('behind is normal while changes arrive, and a lost change where nothing has arrived since', () => {
    const digest = { ...theirs, cursor: 12 };
    expect(checkDigest(ours, digest, null)).toBe('behind');
    expect(checkDigest(ours, digest, after('behind', 8))).toBe('behind');
    expect(checkDigest(ours, digest, after('behind', 10))).toBe('reload');
  });
});
