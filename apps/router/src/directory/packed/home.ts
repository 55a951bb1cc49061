import type { TenantRoute } from '@lapidary/contracts/directory';

/**
 * A tenant's region, and for a strict tenant where its requests may be read (I3), as one name: both are few, and so each
 * pair is kept once. Neither a region nor a residency has a blank. At most 255 pairs fit (layout.ts).
 */
export const homeText = ({ region, strictIn }: Pick<TenantRoute, 'region' | 'strictIn'>): string =>
  strictIn === undefined ? region : `${region} ${[...strictIn].sort().join(',')}`;

/** Few at a time, and asked with every look-up; what reads rubbish within a change may ask for others. */
const known = new Map<string, Home>();
const knownMax = 4_096;

export type Home = Pick<TenantRoute, 'region' | 'strictIn'>;

/** Not to be changed: the same for all who ask. */
export const homeOf = (text: string): Home => {
  const home = known.get(text);
  if (home) return home;
  if (known.size >= knownMax) known.clear();
  const made = parseHome(text);
  known.set(text, made);
  return made;
};

const parseHome = (text: string): Home => {
  const at = text.indexOf(' ');
  if (at < 0) return { region: text };
  const list = text.slice(at + 1);
  return { region: text.slice(0, at), strictIn: list === '' ? [] : list.split(',') };
};
