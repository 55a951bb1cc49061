import { canonicalAddress } from './address.js';

test.each([
  ['/%761/jobs?region=us', '/v1/jobs?region=us'],
  ['/v1/%6A%6f%62s', '/v1/jobs'],
  ['/v1/tenants/a%2Fb%20c%3Fd', '/v1/tenants/a%2Fb%20c%3Fd'],
  ['/v1/jobs?q=%61%20b', '/v1/jobs?q=%61%20b'],
  ['http://eu.example:80/v1/jobs?region=us', '/v1/jobs?region=us'],
  ['http://eu.example', '/'],
  ['http://eu.example?x', '/?x'],
  ['/v1/jobs#?region=us', '/v1/jobs'],
  ['/v1/jobs?next=http://x.example/%76', '/v1/jobs?next=http://x.example/%76'],
  ['/v1/%2576', '/v1/%2576'],
  ['/%', '/%'],
  ['*', '/*'],
])('%s is asked for as %s', (url, expected) => {
  expect(canonicalAddress(url)).toBe(expected);
  expect(canonicalAddress(expected)).toBe(expected);
});
