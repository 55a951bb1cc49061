import { toAppError } from '@lapidary/kernel/app-error';
import type { RegionView } from '@lapidary/contracts/api/regions';
import type { Api } from './api.js';

/** What several regions answered, and which of them did not (P-ST9). */
export interface FromRegions<T> {
  readonly items: T[];
  readonly missing: { readonly region: string; readonly why: string }[];
}

/** A region that was planned and never started has nothing to tell; whoever was lost and given up will tell nothing more. */
const hasNothingToTell = ({ link, stamps, givenUp }: RegionView): boolean =>
  link.state === 'cut' && ((stamps === 0 && link.appliedSequence === 0) || givenUp?.state === 'inherited');

/**
 * Asks every region, or the one that is meant, for what each keeps for itself. One that can't answer is named; when it is the only one
 * asked, that is the failure.
 */
export const askRegions = async <T>(
  api: Api,
  only: string | undefined,
  ask: (region: string) => Promise<readonly T[]>,
): Promise<FromRegions<T>> => {
  if (only !== undefined) return { items: [...(await ask(only))], missing: [] };
  const items: T[] = [];
  const missing: FromRegions<T>['missing'] = [];
  for (const region of await api.regions()) {
    if (hasNothingToTell(region)) continue;
    try {
      items.push(...(await ask(region.name)));
    } catch (error) {
      api.http.signal.throwIfAborted();
      const { code, message } = toAppError(error);
      if (code !== 'region_unreachable') throw error;
      missing.push({ region: region.name, why: message });
    }
  }
  return { items, missing };
};
