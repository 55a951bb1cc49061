import type { JobEvents, JobView } from '@lapidary/contracts/api/jobs';
import type { EventData, EventType } from '@lapidary/contracts/events/registry';
import { eventVersions } from '@lapidary/contracts/events/upcasters';
import type { RolloutView } from '@lapidary/contracts/api/rollouts';
import type { StampView } from '@lapidary/contracts/api/stamps';
import type { LiveEvent } from '@lapidary/contracts/api/system';
import type { TenantList } from '../api/queries.js';

/** What an event changes in what is shown: each field as a function from what was to what is. */
export interface Patch {
  readonly stamps?: (before: readonly StampView[]) => readonly StampView[];
  readonly tenants?: (before: TenantList) => TenantList;
  readonly jobs?: (before: readonly JobView[]) => readonly JobView[];
  readonly jobEvents?: { readonly job: string; readonly apply: (before: JobEvents) => JobEvents };
  readonly rollout?: RolloutView;
  /** Sums and observations that no event carries: read again soon. */
  readonly stale: readonly ('regions' | 'stamps' | 'explanation' | 'rollout-events' | 'drift')[];
}

/** What events of a noun carry. */
type Told<Noun extends string> = EventData<Extract<EventType, `lapidary.${Noun}.${string}`>>;

/** By the noun that the event's type names. What no page shows has no line here, and changes nothing. */
const patches: { readonly [Noun in 'stamp' | 'tenant' | 'job' | 'rollout' | 'drift']: (told: Told<Noun>) => Patch } = {
  stamp: ({ stamp }) => ({
    stamps: (list) => withNewer(list, stamp, (s) => s.name, isNewerVersion),
    stale: ['regions', 'explanation'],
  }),
  tenant: ({ tenant }) => ({
    tenants: (list) => ({ ...list, items: withNewer(list.items, tenant, (t) => t.id, isNewerVersion) }),
    stale: ['regions', 'stamps', 'explanation'],
  }),
  job: (told) => {
    const { job } = told;
    const line = 'event' in told ? told.event : undefined;
    const apply = (before: JobEvents): JobEvents => {
      const isNew = line !== undefined && !before.items.some((e) => e.sequence === line.sequence);
      const items = isNew ? [...before.items, line].sort((a, b) => a.sequence - b.sequence) : before.items;
      return { items, job: isNewerJob(before.job, job) ? job : before.job };
    };
    return { jobs: (list) => newestFirst(withNewer(list, job, (j) => j.id, isNewerJob)), jobEvents: { job: job.id, apply }, stale: [] };
  },
  rollout: (told) => ('rollout' in told ? { rollout: told.rollout, stale: ['rollout-events'] } : { stale: ['rollout-events'] }),
  drift: () => ({ stale: ['drift'] }),
};
const isShown = (noun: string | undefined): noun is keyof typeof patches => noun !== undefined && Object.hasOwn(patches, noun);

/** Events carry their subject's whole new state, so applying one twice, or an old one late, must change nothing. */
export const patchOf = ({ type, data }: LiveEvent): Patch => {
  const noun = type.split('.')[1];
  if (!isShown(noun)) return { stale: [] };
  const told = eventVersions.read(type, data);
  // The noun comes out of the type whose schema this is, which the compiler can't follow.
  return told.ok ? patches[noun](told.parsed as never) : { stale: [] };
};

/** The list with the roll-out as it is told now, unless it is known newer already. */
export const withRollout = (before: readonly RolloutView[], rollout: RolloutView): readonly RolloutView[] =>
  [...withNewer(before, rollout, (r) => r.id, isNewerVersion)].sort((a, b) => b.createdAt.localeCompare(a.createdAt));

export const newerRollout = (before: RolloutView, rollout: RolloutView): RolloutView =>
  isNewerVersion(before, rollout) ? rollout : before;

const isNewerVersion = (before: { version: number }, after: { version: number }): boolean => after.version >= before.version;
const isNewerJob = (before: JobView, after: JobView): boolean =>
  after.attempt > before.attempt || (after.attempt === before.attempt && after.lastEventSequence >= before.lastEventSequence);

const withNewer = <T>(list: readonly T[], item: T, id: (item: T) => string, isNewer: (before: T, after: T) => boolean): T[] => {
  const at = list.findIndex((other) => id(other) === id(item));
  if (at === -1) return [...list, item].sort((a, b) => id(a).localeCompare(id(b), 'en', { numeric: true }));
  return isNewer(list[at]!, item) ? list.with(at, item) : [...list];
};

const newestFirst = (jobs: readonly JobView[]): JobView[] => [...jobs].sort((a, b) => b.createdAt.localeCompare(a.createdAt));
