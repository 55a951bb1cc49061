import { requestIdOf } from './request-marks.js';

describe('marks of a request', () => {
  it('a client’s request id is kept where it can’t break logs; else the request gets one of its own that can’t either', () => {
    expect(requestIdOf('0191-abc.DEF_1')).toBe('0191-abc.DEF_1');
    const bad = [undefined, '', 'short', 'a b c d e f g', 'x'.repeat(129), 'aaaaaaaa\r\nx: y', ['aaaaaaaa', 'b']];
    const made = bad.map(requestIdOf);
    expect(new Set(made).size).toBe(bad.length);
    for (const id of made) expect(requestIdOf(id)).toBe(id);
  });
});
