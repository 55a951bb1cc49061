import type { Reader } from '@lapidary/db/transaction';
import type { Principal } from '../auth/principal.js';
import { valuesWithheldFrom, withheld, withResidency } from '../residency/shown-values.js';

/** Where a finding about a document says which: `<kind> <tenant>/<id>`. */
export const documentPath = /^(lww|counter|append|document) ([^/]*)\/(.+)$/;

export interface Placed {
  readonly path: string | null;
  readonly expected?: unknown;
  readonly observed?: unknown;
}

/** Whose document it is about; '' where it is the fleet's, or about none. */
const tenantOf = ({ path }: Placed): string => documentPath.exec(path ?? '')?.[2] ?? '';
const tenantsOf = (list: readonly Placed[]): string[] => [...new Set(list.map(tenantOf))].filter((tenant) => tenant !== '');

/** The same, saying whose document of which kind, and not which one, for those of `tenants`; nor its digests, which tell who guesses that the guess was right. */
export const withoutIds = <T extends Placed>(of: T, tenants: ReadonlySet<string>): T => {
  const [, kind, tenant] = documentPath.exec(of.path ?? '') ?? [];
  if (kind === undefined || !tenants.has(tenant!)) return of;
  const digests = { ...('expected' in of ? { expected: withheld } : {}), ...('observed' in of ? { observed: withheld } : {}) };
  return { ...of, path: `${kind} ${tenant}/${withheld}`, ...digests };
};

/** As every region may be told: ids of who has a residency are in no event, as in the events of the documents themselves (I3). */
export const toldToAll = async <T extends Placed>(reader: Reader, list: readonly T[]): Promise<T[]> => {
  const hidden = await withResidency(reader, tenantsOf(list));
  return list.map((of) => withoutIds(of, hidden));
};

/** As this caller may be shown: ids are what tenants' customers wrote, like values. */
export const shownTo = async <T extends Placed>(
  reader: Reader,
  principal: Principal | null,
  region: string,
  list: readonly T[],
): Promise<T[]> => {
  const hidden = await valuesWithheldFrom(reader, principal, region, tenantsOf(list));
  return list.map((of) => withoutIds(of, hidden));
};
