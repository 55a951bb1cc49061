import { useQueries, useQuery } from '@tanstack/react-query';
import type { DriftStatus } from '@lapidary/contracts/api/drift';
import type { GeodeView } from '@lapidary/contracts/api/replication';
import type { RegionNote } from '../shell/region-choice.js';
import { geodeQuery } from './geode-queries.js';
import { driftStatusQuery, regionsQuery, sessionQuery } from './queries.js';

type Notes = Readonly<Record<string, RegionNote>>;
interface Asked<T> {
  readonly data: T | undefined;
  readonly isError: boolean;
}

/** One that does not answer is no region without findings. */
const notesOf = <T>(names: readonly string[], asked: readonly Asked<T>[], noteOf: (data: T) => RegionNote): Notes =>
  Object.fromEntries(
    names.flatMap((name, n) => {
      const { data, isError } = asked[n]!;
      if (isError) return [[name, { value: 'unknown', text: 'not known' }]];
      return data === undefined ? [] : [[name, noteOf(data)]];
    }),
  );

const useRegionNames = (): string[] => (useQuery(regionsQuery).data ?? []).map((r) => r.name);

/** How much of what is open each region has found, whichever is shown. */
export const useDriftNotes = (): Notes => {
  const names = useRegionNames();
  const here = useQuery(sessionQuery).data?.region;
  const asked = useQueries({ queries: names.map((name) => driftStatusQuery(name === here ? undefined : name)) });
  return notesOf(names, asked, driftNote);
};

const driftNote = ({ open, isOverdue, failed, lastRun }: DriftStatus): RegionNote => {
  const count = open.critical + open.warning + open.info;
  if (open.critical > 0) return { value: 'critical', text: `${count} open` };
  if (lastRun === null || isOverdue || failed !== null) return { value: 'critical', text: 'not looked' };
  return count > 0 ? { value: 'warning', text: `${count} open` } : { value: 'resolved', text: 'none open' };
};

/** What each region keeps in the ledger that is shown. */
export const useLedgerNotes = (ledger: 'deadLetters' | 'conflicts'): Notes => {
  const names = useRegionNames();
  const asked = useQueries({ queries: names.map((name) => geodeQuery(name)) });
  return notesOf(names, asked, (geode: GeodeView) => {
    const count = geode[ledger];
    return { value: count === 0 ? 'resolved' : ledger === 'deadLetters' ? 'dead' : 'hold', text: count.toLocaleString('en') };
  });
};
