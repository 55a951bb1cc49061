import { takeTokenFromAddress } from './token-link.js';

const open = (address: string): { token: string | null; left: string[] } => {
  const left: string[] = [];
  const history = { state: null, replaceState: (_: unknown, __: string, url: string) => void left.push(url) };
  return { token: takeTokenFromAddress(new URL(address) as unknown as Location, history as unknown as History), left };
};

test('a token behind # is taken and is gone from the address at once; the rest of the address stays', () => {
  expect(open('http://x/?region=eu#token=abc')).toEqual({ token: 'abc', left: ['/?region=eu'] });
});

test('an empty token is removed too, and other anchors are left alone', () => {
  expect(open('http://x/#token=')).toEqual({ token: null, left: ['/'] });
  expect(open('http://x/#main')).toEqual({ token: null, left: [] });
});
