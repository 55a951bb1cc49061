import type { Remain } from '@lapidary/contracts/api/retirement';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';

/** Enough to know which they are; the rest is in the lists. */
const examplesMax = 10;

interface Found {
  readonly count: number;
  readonly examples: readonly string[];
}

interface Look {
  readonly kind: Remain['kind'];
  readonly check: (stamp: string) => string;
  /** Selects `name` of each thing that depends on the stamp $1. */
  readonly sql: string;
}

/**
 * Everything that depends on a stamp and keeps it from being retired (I9). A feature that binds something else to stamps adds
 * a line here. Jobs under way are not among them: one open job per stamp is kept by the jobs themselves.
 */
const looks: readonly Look[] = [
  {
    kind: 'tenants',
    check: (stamp) => `See who they are with "stampctl tenants ls --stamp ${stamp}"; the stamp goes once they are deleted.`,
    sql: 'SELECT tenant AS name FROM placement WHERE stamp = $1 AND is_current',
  },
  {
    kind: 'reservations',
    check: () => 'Room is held on it for tenants on their way; wait until they have arrived or given up.',
    sql: `SELECT reserved_units || ' units' AS name FROM stamp WHERE name = $1 AND reserved_units > 0`,
  },
  {
    kind: 'routes',
    check: () => 'The directory still sends these there; a route goes with its tenant. One that stays is drift: "stampctl drift run".',
    sql: `SELECT key AS name FROM directory_entry WHERE stamp = $1`,
  },
];

/** Empty: nothing depends on the stamp. To be relied on only while the caller holds the stamp's lock, or it is retiring already. */
export const remainsOf = async (reader: Reader, stamp: string): Promise<Remain[]> => {
  const found: Remain[] = [];
  for (const { kind, check, sql } of looks) {
    const [row] = await rowsOf<Found>(
      reader,
      `SELECT count(*)::int AS count, coalesce((array_agg(name ORDER BY name))[1:${examplesMax}], '{}') AS examples FROM (${sql}) AS remaining`,
      [stamp],
    );
    if (row && row.count > 0) found.push({ kind, count: row.count, examples: [...row.examples], check: check(stamp) });
  }
  return found;
};

/** "2 tenants (acme, bank), 1 route (tenant/acme)". */
export const remainsText = (remains: readonly Remain[]): string =>
  remains
    .map(({ kind, count, examples }) => {
      const more = count > examples.length ? ', …' : '';
      return `${count} ${count === 1 ? kind.slice(0, -1) : kind} (${examples.join(', ')}${more})`;
    })
    .join(', ');

export const refuseWhatRemains = async (tx: Tx, name: string): Promise<void> => {
  const remains = await remainsOf(tx, name);
  if (remains.length > 0)
    throw new AppError('stamp_not_empty', `${name} can't be retired: ${remainsText(remains)}`, { details: { remains } });
};
