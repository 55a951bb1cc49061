import fc from 'fast-check';
import { chooseRule, coveredBy, orderProblem, plainPath, type IdentifyRule, type IdentifySource } from './identify-order.js';

const rule = (host: string, path: string, ...order: IdentifySource[]): IdentifyRule => ({ host, path, order });

describe('the rule of a request', () => {
  const rules = [
    rule('api.example.com', '/v2', 'token'),
    rule('api.example.com', '/', 'header'),
    rule('*.example.com', '/', 'host'),
    rule('*', '/t', 'host', 'path'),
  ];

  it.each([
    ['api.example.com', '/v2', 0],
    ['api.example.com', '/v2/orders?x=/../', 0],
    ['api.example.com', '/%76%32/orders', 0],
    ['api.example.com', '/v2;a=1/orders', 0],
    ['api.example.com', '/v20', 1],
    ['api.example.com', '/', 1],
    ['x.example.com', '/v2', 2],
    ['x.y.example.com', '/', 2],
    ['example.com', '/', null],
    ['notexample.com', '/', null],
    ['', '/t/acme', 3],
    ['', '/', null],
  ] as const)('%s %s', (host, target, at) => {
    expect(chooseRule(rules, host, target)).toBe(at === null ? null : rules[at]);
  });

  it.each([
    '/x/../v2',
    '/./v2',
    '//v2',
    '/v2%2forders',
    '/%2e%2e/v2',
    '/%252e',
    '/v2%5corders',
    '/v2%00',
    '/%e9',
    '/%zz',
    '/;x/v2',
    '/..;/v2',
  ])('%s is ambiguous', (target) => expect(chooseRule(rules, 'api.example.com', target)).toBe('ambiguous'));

  it('goes by the path only where rules of its host do', () => {
    expect(chooseRule(rules, 'x.example.com', '/x/../v2')).toBe(rules[2]);
    expect(chooseRule([], 'api.example.com', '/x/../v2')).toBeNull();
  });

  it('of any target never leaves its host’s rules, and reads a plain path as itself', () => {
    const segment = fc.stringMatching(/^[a-z0-9._~!$&'()*+,=:@-]{1,8}$/).filter((text) => text !== '.' && text !== '..');
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 5 }), (segments) => {
        const path = `/${segments.join('/')}`;
        expect(plainPath(path)).toBe(path);
        expect(plainPath(`${path}/`)).toBe(`${path}/`);
        expect(plainPath(`${path}/../x`)).toBeNull();
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('/', '.', '%', '2', 'e', 'f', '5', 'c', ';', 'v', '?') }), (text) => {
        const path = plainPath(`/${text}`);
        if (path !== null) expect(path).not.toMatch(/\/\.{1,2}(\/|$)|\/\/|[;\\?]|%[0-9a-f]{2}/);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a rule', () => {
  it.each([
    rule('*', '/', 'host', 'header', 'path'),
    rule('*', '/', 'token'),
    rule('*', '/', 'token', 'host', 'path'),
    rule('api.example.com', '/', 'header'),
    rule('api.example.com', '/', 'token', 'path'),
  ])('may be for $host: $order', (one) => expect(orderProblem(one)).toBeNull());

  it.each([
    rule('*', '/', 'header'),
    rule('*.example.com', '/', 'path', 'host'),
    rule('*', '/', 'token', 'header'),
    rule('api.example.com', '/', 'header', 'host'),
    rule('*', '/', 'host', 'host'),
  ])('may not be for $host: $order', (one) => expect(orderProblem(one)).not.toBeNull());

  it.each<[IdentifyRule, IdentifyRule, boolean]>([
    [rule('*', '/', 'host'), rule('api.example.com', '/v2', 'host'), true],
    [rule('*.example.com', '/', 'host'), rule('api.example.com', '/', 'host'), true],
    [rule('*.example.com', '/', 'host'), rule('*.api.example.com', '/', 'host'), true],
    [rule('api.example.com', '/v2', 'host'), rule('api.example.com', '/v2/orders', 'host'), true],
    [rule('api.example.com', '/v2', 'host'), rule('api.example.com', '/v20', 'host'), false],
    [rule('api.example.com', '/', 'host'), rule('*.example.com', '/', 'host'), false],
    [rule('*.example.com', '/', 'host'), rule('example.com', '/', 'host'), false],
    [rule('api.example.com', '/', 'host'), rule('*', '/', 'host'), false],
  ])('%j before %j takes all of it: %s', (first, second, covered) => expect(coveredBy([first, second], 1)).toBe(covered ? 0 : -1));
});
