import { parseRequestHead } from './request-head.js';

describe('a request’s head from a link', () => {
  it('is taken apart as it came', () => {
    expect(parseRequestHead('GET /a?b HTTP/1.1\r\nHost: x\r\nX-A: \t b c \xe9\xa0 \r\nEmpty:\r\n\r\n')).toEqual({
      method: 'GET',
      url: '/a?b',
      httpVersion: '1.1',
      rawHeaders: ['Host', 'x', 'X-A', 'b c \xe9\xa0', 'Empty', ''],
    });
  });

  it.each(['GET', 'M-SEARCH', 'VERSION-CONTROL'])('has the method %s as the front door takes it', (method) =>
    expect(parseRequestHead(`${method} / HTTP/1.1\r\nHost: x\r\n\r\n`)).toMatchObject({ method }),
  );

  it.each([
    ['no empty line', 'GET / HTTP/1.1\r\nHost: x\r\n'],
    ['an empty line within', 'GET / HTTP/1.1\r\n\r\nHost: x\r\n\r\n'],
    ['a bare LF', 'GET / HTTP/1.1\r\nHost: x\nY: z\r\n\r\n'],
    ['a bare CR', 'GET / HTTP/1.1\r\nHost: x\rY: z\r\n\r\n'],
    ['a NUL', 'GET / HTTP/1.1\r\nHost: x\0\r\n\r\n'],
    ['a folded line', 'GET / HTTP/1.1\r\nHost: x\r\n y\r\n\r\n'],
    ['a space before the colon', 'GET / HTTP/1.1\r\nHost : x\r\n\r\n'],
    ['a line without a colon', 'GET / HTTP/1.1\r\nHost\r\n\r\n'],
    ['an empty name', 'GET / HTTP/1.1\r\n: x\r\n\r\n'],
    ['two spaces', 'GET  / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['another version', 'GET / HTTP/1.0\r\nHost: x\r\n\r\n'],
    ['a method that ends by a hyphen', 'GET- / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a lower-case method', 'get / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a target with a byte above ASCII', 'GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n'],
  ])('with %s is none', (_, text) => {
    expect(parseRequestHead(text)).toBeNull();
  });

  it('of nothing but blanks takes no longer than its length', () => {
    let quickestMs = Infinity;
    for (let i = 0; i < 3; i += 1) {
      const startedMs = performance.now();
      expect(parseRequestHead(`GET / HTTP/1.1\r\nA: ${' '.repeat(30_000)}\x01\r\n\r\n`)).toBeNull();
      quickestMs = Math.min(quickestMs, performance.now() - startedMs);
    }
    expect(quickestMs).toBeLessThan(500);
  });
});
