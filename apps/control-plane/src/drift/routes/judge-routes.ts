import type { RouteMark } from '@lapidary/contracts/route-replica';

/** What a replica must hold of one key. */
export interface OwnRoute {
  /** Null: it has just changed and has no cursor yet. */
  readonly cursor: number | null;
  readonly epoch: number;
  readonly to: string;
  /** False: the replica must not hold it (any more); the cursor is that of the cause. */
  readonly isHere: boolean;
}

export interface RouteDifference {
  readonly key: string;
  /** Null: nothing. */
  readonly expected: RouteValue | null;
  readonly observed: RouteValue | null;
}
export type RouteValue = Omit<RouteMark, 'key'>;

export interface JudgedRoutes {
  readonly suspects: readonly RouteDifference[];
  /** Keys of which the replica does not claim to know the newest: on their way. */
  readonly pending: readonly string[];
}

/**
 * Where a replica is not what it must be, as far as it claims to know (`position`). Theirs was read before ours. R1: no key is
 * suspected whose newest cause is beyond the position.
 *
 *   ours            | theirs at b      |
 *   ----------------+------------------+-----------------------------------------------
 *   no cursor yet   | anything         | pending
 *   here, at a      | same cursor      | suspect where the values differ
 *   here, at a      | nothing or older | a ≤ position: suspect, else pending
 *   here, at a      | b > a            | suspect: nobody has given it (ours was read later)
 *   elsewhere, at a | anything         | a ≤ position: suspect, else pending
 *   nothing         | anything         | suspect
 */
export const judgeRoutes = (own: ReadonlyMap<string, OwnRoute>, theirs: ReadonlyMap<string, RouteMark>, position: number): JudgedRoutes => {
  const suspects: RouteDifference[] = [];
  const pending: string[] = [];
  for (const key of new Set([...own.keys(), ...theirs.keys()])) {
    const [a, b] = [own.get(key), theirs.get(key)];
    const verdict = verdictOf(a, b, position);
    if (verdict === 'pending') pending.push(key);
    if (verdict === 'suspect') suspects.push({ key, expected: a?.isHere ? valueOf(a) : null, observed: b ? valueOf(b) : null });
  }
  return { suspects, pending };
};

const verdictOf = (a: OwnRoute | undefined, b: RouteMark | undefined, position: number): 'same' | 'suspect' | 'pending' => {
  if (!a) return b ? 'suspect' : 'same';
  if (!a.isHere && !b) return 'same';
  if (a.cursor === null) return 'pending';
  if (a.isHere && b?.cursor === a.cursor) return b.epoch === a.epoch && b.to === a.to ? 'same' : 'suspect';
  if (a.isHere && b && b.cursor > a.cursor) return 'suspect';
  return a.cursor <= position ? 'suspect' : 'pending';
};

const valueOf = ({ cursor, epoch, to }: { readonly cursor: number | null; readonly epoch: number; readonly to: string }): RouteValue => ({
  cursor: cursor ?? 0,
  epoch,
  to,
});

const textOf = (difference: RouteDifference): string => JSON.stringify(difference);

/** R2: only what was the same difference at two looks is drift. */
export const confirmed = (first: readonly RouteDifference[], second: readonly RouteDifference[]): RouteDifference[] => {
  const before = new Set(first.map(textOf));
  return second.filter((d) => before.has(textOf(d)));
};
