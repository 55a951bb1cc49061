import type { JobEvents, JobView } from '@lapidary/contracts/api/jobs';
import { eventSchemas, isEventType, type EventType } from '@lapidary/contracts/events/registry';
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

/** Events of collections tell of documents, and those of a region of other regions, by fields of any name: told apart by type, never by field. */
type SubjectEvent = Exclude<EventType, `lapidary.${'collection' | 'document' | 'documents' | 'region'}.${string}`>;
const isOfSubject = (type: string): type is SubjectEvent =>
  isEventType(type) && !/^lapidary\.(?:collection|documents?|region)\./.test(type);

/** Events carry their subject's whole new state, so applying one twice, or an old one late, must change nothing. */
export const patchOf = (event: LiveEvent): Patch => {
  if (!isOfSubject(event.type)) return { stale: [] };
  const { data } = eventSchemas[event.type].safeParse(event.data);
  if (!data) return { stale: [] };
  if ('stamp' in data)
    return { stamps: (list) => withNewer(list, data.stamp, (s) => s.name, isNewerVersion), stale: ['regions', 'explanation'] };
  if ('tenant' in data) {
    const { tenant } = data;
    const apply = (list: TenantList): TenantList => ({ ...list, items: withNewer(list.items, tenant, (t) => t.id, isNewerVersion) });
    return { tenants: apply, stale: ['regions', 'stamps', 'explanation'] };
  }
  if ('rollout' in data) return { rollout: data.rollout, stale: ['rollout-events'] };
  if ('finding' in data || 'suppression' in data) return { stale: ['drift'] };
  // What no page shows yet changes nothing here.
  if (!('job' in data)) return { stale: [] };
  const { job } = data;
  const jobs = (list: readonly JobView[]): readonly JobView[] => newestFirst(withNewer(list, job, (j) => j.id, isNewerJob));
  const line = eventSchemas['lapidary.job.progressed.v1'].safeParse(event.data).data?.event;
  const apply = (before: JobEvents): JobEvents => {
    const isNew = line !== undefined && !before.items.some((e) => e.sequence === line.sequence);
    const items = isNew ? [...before.items, line].sort((a, b) => a.sequence - b.sequence) : before.items;
    return { items, job: isNewerJob(before.job, job) ? job : before.job };
  };
  return { jobs, jobEvents: { job: job.id, apply }, stale: [] };
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
