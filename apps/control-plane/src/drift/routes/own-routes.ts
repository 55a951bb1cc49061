import { formatRoot } from '@lapidary/contracts/directory-digest';
import { routeBuckets, type BucketsAnswer } from '@lapidary/contracts/route-replica';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import type { OwnRoute } from './judge-routes.js';

/** Of whom the routes are: of every router, or of one stamp's agent. */
export type RouteScope = { readonly of: 'router' } | { readonly of: 'agent'; readonly stamp: string };

const bucketOf = `get_byte(sha256(convert_to(key, 'UTF8')), 0)`;

/**
 * Rows (key, cursor, epoch, to) that a replica of the scope must hold. The cursor is null where the row is on its way: of routers,
 * what the stream has not got; of agents, what has no number. The form is that of marks (contracts/route-replica.ts).
 */
const rowsFor = (scope: RouteScope): { readonly text: string; readonly parameters: readonly unknown[] } =>
  scope.of === 'router'
    ? {
        text: `SELECT key, CASE WHEN published_cursor = cursor THEN cursor END AS cursor, (body->>'epoch')::int AS epoch,
                      CASE body->>'kind' WHEN 'tenant' THEN (body->>'status') || ' ' || coalesce(body->>'stamp', '') ELSE body->>'status' END AS "to"
                 FROM directory_entry`,
        parameters: [],
      }
    : {
        text: `SELECT key, cursor, (body->>'epoch')::int AS epoch, '' AS "to" FROM directory_entry
                WHERE stamp = $1 AND body->>'kind' = 'tenant' AND (body->>'epoch')::int >= 1`,
        parameters: [scope.stamp],
      };

/** Sums by bucket, computed from the rows themselves: one that rotted shows. */
export const ownBuckets = async (reader: Reader, scope: RouteScope): Promise<BucketsAnswer['buckets']> => {
  const { text, parameters } = rowsFor(scope);
  const rows = await rowsOf<{ bucket: number; count: number; sum: string }>(
    reader,
    `SELECT ${bucketOf} AS bucket, count(*)::int AS count,
            sum(('x' || encode(substr(sha256(convert_to(key || E'\\n' || cursor || E'\\n' || epoch || E'\\n' || "to", 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint::numeric) AS sum
       FROM (${text}) AS routes WHERE cursor IS NOT NULL GROUP BY 1`,
    [...parameters],
  );
  const known = new Map(rows.map((row) => [row.bucket, row]));
  return Array.from({ length: routeBuckets }, (_, i) => ({
    count: known.get(i)?.count ?? 0,
    // The sum is over signed numbers; modulo 2^64 that is the same.
    root: formatRoot(BigInt.asUintN(64, BigInt(known.get(i)?.sum ?? '0'))),
  }));
};

/** Routes of these buckets. `theirs`: keys that the replica has, told also where they are elsewhere by now. */
export const ownRoutes = async (
  reader: Reader,
  scope: RouteScope,
  buckets: readonly number[],
  theirs: readonly string[],
): Promise<Map<string, OwnRoute>> => {
  const { text, parameters } = rowsFor(scope);
  const n = parameters.length;
  const rows = await rowsOf<{ key: string; cursor: string | null; epoch: number; to: string; isHere: boolean }>(
    reader,
    `WITH here AS MATERIALIZED (SELECT * FROM (${text}) AS routes WHERE ${bucketOf} = ANY ($${n + 1}))
     SELECT *, true AS "isHere" FROM here
     UNION ALL
     SELECT key, cursor, (body->>'epoch')::int, '', false FROM directory_entry
      WHERE key = ANY ($${n + 2}) AND key NOT IN (SELECT key FROM here)`,
    [...parameters, buckets, theirs],
  );
  return new Map(rows.map(({ key, cursor, ...rest }) => [key, { ...rest, cursor: cursor === null ? null : Number(cursor) }]));
};
