import { bodyFraming, headerCountMax, requestProblem } from './request-check.js';

const line = (over: Partial<Parameters<typeof requestProblem>[0]> = {}): Parameters<typeof requestProblem>[0] => ({
  method: 'GET',
  url: '/',
  httpVersion: '1.1',
  rawHeaders: ['Host', 'a'],
  ...over,
});

describe('what is refused before it is forwarded', () => {
  it.each(['/', '/a/b?c=d&e=%20', "/~user/-._!$&'()*+,;=:@", '/a?b=[1]|{2}^`"\\', '//double', '/a?b?c'])('passes %s', (url) => {
    expect(requestProblem(line({ url }))).toBeNull();
  });

  it.each([
    'http://other/',
    'https://other/',
    '*',
    '',
    'a',
    '/a#b',
    '/a b',
    '/\u00ff',
    '/a\tb',
    '/a\\b',
    'other:443',
    '/a<b',
    '/a`b',
    '/a?b#c',
  ])('refuses the target %j: two servers could read it differently', (url) => expect(requestProblem(line({ url }))?.status).toBe(400));

  it.each([
    ['two Host headers', { rawHeaders: ['Host', 'a', 'host', 'a'] }, 400],
    ['no Host', { rawHeaders: [] }, 400],
    ['length beside chunks', { rawHeaders: ['Host', 'a', 'Content-Length', '1', 'Transfer-Encoding', 'chunked'] }, 400],
    ['two lengths', { rawHeaders: ['Host', 'a', 'Content-Length', '1', 'Content-Length', '1'] }, 400],
    ['a list of lengths', { rawHeaders: ['Host', 'a', 'Content-Length', '1, 1'] }, 400],
    ['a signed length', { rawHeaders: ['Host', 'a', 'Content-Length', '+1'] }, 400],
    ['2^64 + 1', { rawHeaders: ['Host', 'a', 'Content-Length', '18446744073709551617'] }, 400],
    ['gzip, chunked', { rawHeaders: ['Host', 'a', 'Transfer-Encoding', 'gzip, chunked'] }, 501],
    ['chunked twice', { rawHeaders: ['Host', 'a', 'Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'chunked'] }, 501],
    ['chunks in HTTP/1.0', { httpVersion: '1.0', rawHeaders: ['Transfer-Encoding', 'chunked'] }, 400],
    ['HTTP/2.0 as text', { httpVersion: '2.0' }, 505],
    ['HTTP/1.2', { httpVersion: '1.2' }, 505],
    ['another expectation', { rawHeaders: ['Host', 'a', 'Expect', 'coffee'] }, 417],
    ['another expectation beside 100-continue', { rawHeaders: ['Host', 'a', 'Expect', '100-continue, coffee'] }, 417],
    ['CONNECT', { method: 'CONNECT' }, 405],
    ['TRACE', { method: 'TRACE' }, 405],
    ['too many headers', { rawHeaders: Array.from({ length: (headerCountMax + 1) * 2 }, () => 'x') }, 431],
  ])('refuses %s', (_, over, status) => expect(requestProblem(line(over))?.status).toBe(status));

  it('HTTP/1.0 needs no Host', () => expect(requestProblem(line({ httpVersion: '1.0', rawHeaders: [] }))).toBeNull());
});

describe('bodyFraming', () => {
  it.each([
    [[], { kind: 'none' }],
    [['Content-Length', '0'], { kind: 'none' }],
    [['content-length', '12'], { kind: 'length', bytes: 12 }],
    [['Transfer-Encoding', 'Chunked'], { kind: 'chunked' }],
  ])('%j is %j', (raw, framing) => expect(bodyFraming(raw)).toEqual(framing));
});
