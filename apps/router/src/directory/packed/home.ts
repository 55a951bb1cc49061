import type { TenantRoute } from '@lapidary/contracts/directory';

/**
 * A tenant's region, and for a strict tenant where its requests may be read (I3), as one name: both are few, and so each
 * pair is kept once. Neither a region nor a residency has a blank. At most 255 pairs fit (layout.ts).
 */
export const homeText = ({ region, strictIn }: Pick<TenantRoute, 'region' | 'strictIn'>): string =>
  strictIn === undefined ? region : `${region} ${[...strictIn].sort().join(',')}`;

export const homeOf = (text: string): Pick<TenantRoute, 'region' | 'strictIn'> => {
  const at = text.indexOf(' ');
  if (at < 0) return { region: text };
  const list = text.slice(at + 1);
  return { region: text.slice(0, at), strictIn: list === '' ? [] : list.split(',') };
};
