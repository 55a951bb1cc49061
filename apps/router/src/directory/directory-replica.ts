import { markOfEntry, type RouteMark } from '@lapidary/contracts/route-replica';
import type { RouteReplica } from '@lapidary/stamp-sdk/route-replica/answer-replica';
import type { Directory } from './directory.js';

/** The directory that serves, as a replica that the control plane compares with its own. */
export const directoryReplica = (directory: Pick<Directory, 'digest' | 'current'>, reload: () => Promise<void>): RouteReplica => ({
  position: () => ({ generation: directory.digest?.generation ?? null, cursor: directory.digest?.cursor ?? 0 }),
  marks: function* (): Generator<RouteMark> {
    for (const entry of directory.current?.all() ?? []) yield markOfEntry(entry);
  },
  refresh: reload,
});
