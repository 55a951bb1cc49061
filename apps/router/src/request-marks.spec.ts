import { requestIdOf } from './request-marks.js';

describe('marks of a request', () => {
  it('a client’s request id is kept where it can’t break logs', () => {
    expect(requestIdOf('0191-abc.DEF_1')).toBe('0191-abc.DEF_1');
    for (const bad of [undefined, '', 'short', 'a b c d e f g', 'x'.repeat(129), 'aaaaaaaa\r\nx: y', ['aaaaaaaa', 'b']])
      expect(requestIdOf(bad)).toHaveLength(26);
  });
});
