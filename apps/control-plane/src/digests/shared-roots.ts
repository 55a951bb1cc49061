import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import type { Root } from '@lapidary/replication/digest/bucket-table';
import { allowsRegion } from '../placement/rules/residency.js';
import { readRoots, type DigestDomain } from './digest-rows.js';

export type RootedDomain = DigestDomain & { readonly root: Root };

/** Whether documents of this audience may be told to a region (I3). */
export const mayHave = async (reader: Reader, peer: string): Promise<(domain: DigestDomain) => boolean> => {
  const [region] = await rowsOf<{ jurisdiction: string }>(reader, 'SELECT jurisdiction FROM region WHERE name = $1', [peer]);
  return ({ audience }) => audience === '' || (region !== undefined && allowsRegion(audience.split(','), peer, region.jurisdiction));
};

/** Roots of what is here and may be there: what the two regions must agree on. */
export const sharedRoots = async (reader: Reader, peer: string): Promise<RootedDomain[]> => {
  const isShared = await mayHave(reader, peer);
  return (await readRoots(reader)).filter(isShared);
};
