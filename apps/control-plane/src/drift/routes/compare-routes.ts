import { setTimeout as sleep } from 'node:timers/promises';
import {
  BucketsAnswerSchema,
  MarksAnswerSchema,
  RefreshAnswerSchema,
  type BucketsAnswer,
  type MarksAnswer,
} from '@lapidary/contracts/route-replica';
import { agentReplica, routerReplica } from '@lapidary/contracts/subjects';
import { tenantKey } from '@lapidary/contracts/directory';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import type { DataSource } from 'typeorm';
import { rolledBack } from '@lapidary/db/rolled-back';
import { confirmed, judgeRoutes, type JudgedRoutes, type RouteDifference } from './judge-routes.js';
import { ownBuckets, ownRoutes, type RouteScope } from './own-routes.js';
import type { RouteReplicaFacts } from './replica-fleet.js';

/** A million entries take a router some 2 s of hashing, in turns between requests. */
const answerMs = 20_000;
/** A stream and a push deliver within milliseconds; what is on its way at the first look is there at the second. */
const betweenMs = 500;
/** Marks in one answer, at most (stamp-sdk answer-replica.ts); the buckets that are asked for at once are chosen to fit. */
const marksAtOnce = 3_000;
/** More than so many differing routes are told of in the next runs. */
const asksMax = 10;

export interface ComparedRoutes {
  readonly drifted: readonly RouteDifference[];
  /** Keys that could not be judged: on their way. */
  readonly pending: readonly string[];
  readonly more: boolean;
  readonly planted: 'found' | 'missed' | 'not-planted';
}

export interface RouteTools {
  readonly region: string;
  readonly dataSource: DataSource;
  readonly nats: NatsLink;
  /**
   * Sums of what every router must hold, of one run: computed once however many routers there are. What has changed since only makes
   * buckets differ, whose routes are read anew.
   */
  readonly ofRouters?: Map<string, Promise<BucketsAnswer['buckets']>>;
}

const subjectFor = (region: string, { of, name }: RouteReplicaFacts): string =>
  of === 'router' ? routerReplica(region, name) : agentReplica(region, name);
const scopeOf = ({ of, name }: RouteReplicaFacts): RouteScope => (of === 'router' ? { of } : { of, stamp: name });

export const refreshReplica = async ({ region, nats }: RouteTools, replica: RouteReplicaFacts): Promise<void> =>
  void (await nats.requestJson(subjectFor(region, replica), { want: 'refresh' }, RefreshAnswerSchema, answerMs));

/**
 * Compares what a router or an agent holds with what it must hold: sums by bucket, then the routes of the buckets that differ, twice.
 * With `nonce` a route that no replica has is planted in our own view; it must be found.
 */
export const compareRoutes = async (
  tools: RouteTools,
  replica: RouteReplicaFacts,
  nonce: string | null,
  signal: AbortSignal,
): Promise<ComparedRoutes> => {
  const { region, dataSource, nats } = tools;
  const scope = scopeOf(replica);
  const plant = plantRoute(region, scope, nonce);
  const view = async <T>(work: (tx: Tx) => Promise<T>): Promise<T> =>
    rolledBack(dataSource, async (tx) => {
      await plant(tx);
      return await work(tx);
    });
  const theirs = await nats.requestJson(subjectFor(region, replica), { want: 'buckets' }, BucketsAnswerSchema, answerMs);
  // Cursors of two databases can't be compared; the replica loads the new one by itself.
  const [origin] = await rowsOf<{ generation: string }>(dataSource, 'SELECT generation FROM origin');
  const { generation } = theirs.position;
  if (generation !== null && generation !== origin?.generation)
    throw new AppError('not_ready', 'It still holds the directory of the database before, and loads the new one');
  const groups = groupsOf(theirs.buckets, await sharedBuckets(tools, scope, nonce, () => view((tx) => ownBuckets(tx, scope))));
  const look = async (buckets: readonly number[]): Promise<JudgedRoutes & { readonly more: boolean }> => {
    const marks = await nats.requestJson(subjectFor(region, replica), { want: 'marks', buckets }, MarksAnswerSchema, answerMs);
    return { ...(await judgeAnswer(view, scope, buckets, marks)), more: marks.cut };
  };
  const plantedKey = nonce === null ? null : plantedKeyOf(nonce);
  const drifted: RouteDifference[] = [];
  const pending: string[] = [];
  let [isFound, more] = [false, groups.length > asksMax];
  for (const buckets of groups.slice(0, asksMax)) {
    signal.throwIfAborted();
    const first = await look(buckets);
    isFound ||= first.suspects.some((d) => d.key === plantedKey);
    const isClean = first.pending.length === 0 && first.suspects.every((d) => d.key === plantedKey);
    if (!isClean) await sleep(betweenMs, undefined, { signal });
    const second = isClean ? first : await look(buckets);
    const certain = confirmed(first.suspects, second.suspects);
    drifted.push(...certain.filter((d) => d.key !== plantedKey));
    const told = new Set(certain.map((d) => d.key));
    pending.push(...second.pending, ...second.suspects.flatMap(({ key }) => (told.has(key) ? [] : [key])));
    more ||= first.more || second.more;
  }
  return { drifted, pending, more, planted: plantedKey === null ? 'not-planted' : isFound ? 'found' : 'missed' };
};

/** By the run's nonce: what another run planted is not in it. */
const sharedBuckets = async (
  { ofRouters }: RouteTools,
  { of }: RouteScope,
  nonce: string | null,
  compute: () => Promise<BucketsAnswer['buckets']>,
): Promise<BucketsAnswer['buckets']> => {
  if (of !== 'router' || nonce === null || ofRouters === undefined) return await compute();
  const computed = ofRouters.get(nonce) ?? compute();
  ofRouters.set(nonce, computed);
  return await computed;
};

const judgeAnswer = async (
  view: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>,
  scope: RouteScope,
  buckets: readonly number[],
  { marks, position, cut }: MarksAnswer,
): Promise<JudgedRoutes> => {
  const held = new Map(marks.map((mark) => [mark.key, mark]));
  return await view(async (tx) => {
    const own = await ownRoutes(tx, scope, buckets, [...held.keys()]);
    // What did not fit the answer is not missing.
    if (cut) for (const key of own.keys()) if (!held.has(key)) own.delete(key);
    return judgeRoutes(own, held, position.cursor);
  });
};

/** Buckets that differ, together as many as fit one answer. */
const groupsOf = (theirs: BucketsAnswer['buckets'], own: BucketsAnswer['buckets']): number[][] => {
  const groups: number[][] = [];
  let left = 0;
  own.forEach(({ count, root }, i) => {
    const their = theirs[i]!;
    if (their.count === count && their.root === root) return;
    if (groups.length === 0 || their.count > left) {
      groups.push([]);
      left = marksAtOnce;
    }
    left -= their.count;
    groups.at(-1)!.push(i);
  });
  return groups;
};

const plantedKeyOf = (nonce: string): string => tenantKey(`planted-${nonce}`);

/** A tenant that every replica of the scope would have to hold, known since before the first cursor. Seen by the own transaction alone. */
const plantRoute = (region: string, scope: RouteScope, nonce: string | null): ((tx: Tx) => Promise<void>) => {
  if (nonce === null) return () => Promise.resolve();
  const stamp = scope.of === 'agent' ? scope.stamp : null;
  const tenant = `planted-${nonce}`;
  const body = { kind: 'tenant', tenant, region, status: 'placed', stamp, epoch: 1, hosts: [] };
  // Cursors are unique: two looks at one time must not wait for each other.
  const cursor = -Math.ceil(Math.random() * Number.MAX_SAFE_INTEGER);
  return async (tx) => {
    await tx.query('INSERT INTO directory_entry (key, body, stamp, cursor, published_cursor) VALUES ($1, $2::jsonb, $3, $4, $4)', [
      tenantKey(tenant),
      JSON.stringify(body),
      stamp,
      cursor,
    ]);
  };
};
