import { setImmediate as turn } from 'node:timers/promises';
import { addToRoot, formatRoot } from '@lapidary/contracts/directory-digest';
import {
  markHash,
  routeBuckets,
  routeBucketOf,
  type BucketsAnswer,
  type MarksAnswer,
  type ReplicaPosition,
  type ReplicaQuestion,
  type RouteMark,
} from '@lapidary/contracts/route-replica';

/** What can be asked about its routes. `marks` may change while they are gone through: each is as of when it is reached. */
export interface RouteReplica {
  position(): ReplicaPosition;
  marks(): Iterable<RouteMark>;
  /** Fetches the whole anew. */
  refresh(): Promise<void>;
}

/** Hashing so many takes some 4 ms; requests of tenants go before. */
const marksATurn = 2_000;
/** Some 100 bytes each: half of what a message may hold. */
const marksMax = 4_000;

/** A replica's answer to the control plane. The position is read first: what the marks show beyond it is only newer. */
export const answerReplica = async (
  replica: RouteReplica,
  question: ReplicaQuestion,
): Promise<BucketsAnswer | MarksAnswer | { readonly refreshed: boolean }> => {
  switch (question.want) {
    case 'buckets':
      return await sumBuckets(replica);
    case 'marks':
      return await listMarks(replica, new Set(question.buckets));
    case 'refresh':
      await replica.refresh();
      return { refreshed: true };
  }
};

const sumBuckets = async (replica: RouteReplica): Promise<BucketsAnswer> => {
  const position = replica.position();
  const counts = new Uint32Array(routeBuckets);
  const roots = new Array<bigint>(routeBuckets).fill(0n);
  for await (const mark of inTurns(replica.marks())) {
    const bucket = routeBucketOf(mark.key);
    counts[bucket]! += 1;
    roots[bucket] = addToRoot(roots[bucket]!, markHash(mark));
  }
  return { position, buckets: roots.map((root, i) => ({ count: counts[i]!, root: formatRoot(root) })) };
};

const listMarks = async (replica: RouteReplica, buckets: ReadonlySet<number>): Promise<MarksAnswer> => {
  const position = replica.position();
  const marks: RouteMark[] = [];
  for await (const mark of inTurns(replica.marks())) {
    if (!buckets.has(routeBucketOf(mark.key))) continue;
    if (marks.length === marksMax) return { position, marks, cut: true };
    marks.push(mark);
  }
  return { position, marks, cut: false };
};

const inTurns = async function* (marks: Iterable<RouteMark>): AsyncGenerator<RouteMark> {
  let left = marksATurn;
  for (const mark of marks) {
    yield mark;
    if ((left -= 1) > 0) continue;
    left = marksATurn;
    await turn();
  }
};
