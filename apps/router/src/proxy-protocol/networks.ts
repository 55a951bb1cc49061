import { BlockList, isIP } from 'node:net';
import { AppError } from '@lapidary/kernel/app-error';

/** Whether an address lies in one of some networks. IPv4 within IPv6 (::ffff:192.0.2.1) counts as IPv4. */
export type Networks = (address: string | undefined) => boolean;

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 4 ? 'ipv4' : 'ipv6');

/** Addresses and CIDR blocks; `variable` is named where one is none (`config_invalid`). */
export const networksOf = (blocks: readonly string[], variable: string): Networks => {
  if (blocks.length === 0) return () => false;
  const list = new BlockList();
  for (const block of blocks) {
    const [address = '', prefix, ...more] = block.split('/');
    const bits = isIP(address) === 4 ? 32 : 128;
    const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
    if (isIP(address) === 0 || length < 0 || length > bits || more.length > 0)
      throw new AppError('config_invalid', `${variable}: "${block}" is no network`);
    list.addSubnet(address, length, familyOf(address));
  }
  return (address) => {
    if (address === undefined) return false;
    const inner = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1] ?? address;
    return isIP(inner) !== 0 && list.check(inner, familyOf(inner));
  };
};
