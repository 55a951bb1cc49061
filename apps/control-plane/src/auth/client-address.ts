import { isIP } from 'node:net';

const mapped = /^::ffff:(?=\d+\.)/i;
const withPort = /^(\d+\.\d+\.\d+\.\d+):\d+$/;
const groups = 8;
/** What one customer of a provider has at the least. */
const networkGroups = 4;
const lengthMax = 64;

const networkOf = (address: string): string => {
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const all = tail === undefined ? left : [...left, ...Array<string>(Math.max(0, groups - left.length - right.length)).fill('0'), ...right];
  return `${all
    .slice(0, networkGroups)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
};

/** By what a client is told from others: its IPv4 address, or the network of its IPv6 address, of which it has as many as it likes. */
export const clientKey = (ip: string): string => {
  const bare = ip.replace(mapped, '').replace(withPort, '$1').split('%', 1)[0]!;
  return isIP(bare) === 6 ? networkOf(bare) : bare.slice(0, lengthMax);
};
