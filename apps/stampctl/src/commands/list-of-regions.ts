import { exitCodes } from '@lapidary/kernel/error-catalogue';
import type { Api } from '../client/api.js';
import { askRegions } from '../client/ask-regions.js';
import type { Invocation } from '../invocation.js';
import type { View } from '../output/output.js';
import { printList } from './list-result.js';

interface RegionalList<T> {
  readonly api: Api;
  /** The only one that is asked; undefined: all of them. */
  readonly region: string | undefined;
  readonly limit: number;
  readonly page: (region: string) => Promise<{ readonly items: readonly T[]; readonly next: string | null }>;
  /** RFC 3339, by which the newest comes first. */
  readonly at: (item: T) => string;
  readonly name: (item: T) => string;
  readonly table: (items: readonly T[], view: View) => string;
  readonly empty: string;
}

/**
 * Prints what each region keeps for itself as one list, the newest first. A region that can't be reached is named, in `missing` too, and the
 * command ends with 1: that nothing else is there is not known.
 */
export const printOfRegions = async <T>({ output }: Pick<Invocation, 'output'>, list: RegionalList<T>): Promise<number> => {
  let isMore = false;
  const { items, missing } = await askRegions(list.api, list.region, async (region) => {
    const page = await list.page(region);
    isMore ||= page.next !== null;
    return page.items;
  });
  const newest = items.sort((a, b) => list.at(b).localeCompare(list.at(a)));
  const shown = newest.slice(0, list.limit);
  isMore ||= shown.length < newest.length;
  for (const { region, why } of missing) output.warn(`${region} is missing from this list: ${why}`);
  const page = { items: shown, next: null, missing, more: isMore };
  await printList(output, page, list);
  return missing.length === 0 ? exitCodes.ok : exitCodes.error;
};
