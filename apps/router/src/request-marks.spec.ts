import { requestIdOf, traceparentOf } from './request-marks.js';

describe('marks of a request', () => {
  it('a client’s request id is kept where it can’t break logs', () => {
    expect(requestIdOf('0191-abc.DEF_1')).toBe('0191-abc.DEF_1');
    for (const bad of [undefined, '', 'short', 'a b c d e f g', 'x'.repeat(129), 'aaaaaaaa\r\nx: y', ['aaaaaaaa', 'b']])
      expect(requestIdOf(bad)).toHaveLength(26);
  });

  it('a valid trace goes on; an invalid one begins anew', () => {
    const valid = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    expect(traceparentOf(valid)).toBe(valid);
    for (const bad of [undefined, '', valid.toUpperCase(), valid.replace('00-', 'ff-'), `00-${'0'.repeat(32)}-b7ad6b7169203331-01`]) {
      expect(traceparentOf(bad, () => 0.5)).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    }
    expect(traceparentOf(undefined, () => 0)).toMatch(/-01$/);
  });
});
