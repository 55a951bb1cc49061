import { FindingSchema, driftSeverities, type FindingView } from '@lapidary/contracts/api/drift';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { DriftKind, Severity } from './difference.js';
import type { FindingState } from './drift-states.js';

export interface FindingRow {
  readonly id: string;
  readonly region: string;
  readonly kind: DriftKind;
  readonly subject: string;
  readonly path: string;
  readonly expected: unknown;
  readonly observed: unknown;
  readonly severity: Severity;
  readonly owner: string;
  readonly first_seen: Date;
  readonly last_seen: Date;
  readonly times_seen: number;
  readonly resolved_at: Date | null;
  readonly state: FindingState;
  readonly suppression: string | null;
  readonly suppressed_until: Date | null;
  readonly repair_rounds: number;
  readonly quarantined_at: Date | null;
}

/** SQL: a severity as a number; more is worse. */
export const rankOf = (severity: string): string => `array_position(ARRAY['${driftSeverities.join(`', '`)}'], ${severity})`;

/** A suppression that holds now; where it names a path, only for the value that was accepted there. What has got worse than was accepted shows. */
const hides = `s.kind = f.kind AND s.subject = f.subject AND s.lifted_at IS NULL AND s.until > now()
               AND ${rankOf('f.severity')} <= ${rankOf('s.severity')}
               AND (s.path IS NULL OR (s.path = f.path AND s.observed = f.observed))`;

/** Findings with their state as of now. Where several suppressions hide one, the longest is told. */
export const findingSelect = `
  SELECT f.id, f.region, f.kind, f.subject, f.path, f.expected, f.observed, f.severity, f.owner, f.first_seen, f.last_seen, f.times_seen,
         f.resolved_at, f.repair_rounds, f.quarantined_at, hidden.id AS suppression, hidden.until AS suppressed_until,
         CASE WHEN f.resolved_at IS NOT NULL THEN 'resolved' WHEN hidden.id IS NOT NULL THEN 'suppressed' ELSE 'open' END AS state
    FROM drift_finding f
    LEFT JOIN LATERAL (
      SELECT s.id, s.until FROM drift_suppression s WHERE f.resolved_at IS NULL AND ${hides} ORDER BY s.until DESC, s.id LIMIT 1
    ) AS hidden ON true`;

/** How many findings suppression "s" hides now. */
export const hiddenCount = `(SELECT count(*)::int FROM drift_finding f WHERE f.resolved_at IS NULL AND ${hides})`;

export const findingViewOf = (row: FindingRow): FindingView =>
  FindingSchema.parse({
    id: row.id,
    region: row.region,
    kind: row.kind,
    subject: row.subject,
    path: row.path,
    expected: row.expected,
    observed: row.observed,
    severity: row.severity,
    owner: row.owner,
    state: row.state,
    firstSeen: row.first_seen.toISOString(),
    lastSeen: row.last_seen.toISOString(),
    timesSeen: row.times_seen,
    resolvedAt: row.resolved_at?.toISOString() ?? null,
    suppression: row.suppression,
    suppressedUntil: row.suppressed_until?.toISOString() ?? null,
    repairRounds: row.repair_rounds,
    quarantinedAt: row.quarantined_at?.toISOString() ?? null,
  } satisfies FindingView);

export interface FindingFilter {
  readonly state: FindingState | 'all';
  readonly kind?: string | undefined;
  readonly subject?: string | undefined;
  /** This or worse. */
  readonly severity?: Severity | undefined;
  /** Older than this id: the newest come first. */
  readonly before: string | null;
  readonly limit: number;
}

/** What is resolved is kept for more than a year, and is most of it: who asks for what stands must not read that. */
const rowsIn: Readonly<Record<FindingFilter['state'], string>> = {
  open: 'WHERE f.resolved_at IS NULL',
  suppressed: 'WHERE f.resolved_at IS NULL',
  resolved: 'WHERE f.resolved_at IS NOT NULL',
  all: '',
};

/** One row more than `limit`, so that the caller knows whether there is a next page. */
export const listFindings = async (reader: Reader, filter: FindingFilter): Promise<FindingRow[]> =>
  rowsOf<FindingRow>(
    reader,
    `SELECT * FROM (${findingSelect} ${rowsIn[filter.state]}) AS found
      WHERE ($1 = 'all' OR state = $1) AND ($2::text IS NULL OR kind = $2) AND ($3::text IS NULL OR subject = $3)
        AND ($4::text[] IS NULL OR severity = ANY($4)) AND ($5::text IS NULL OR id < $5)
      ORDER BY id DESC LIMIT $6`,
    [filter.state, filter.kind ?? null, filter.subject ?? null, atLeast(filter.severity), filter.before, filter.limit + 1],
  );

const atLeast = (severity: Severity | undefined): readonly string[] | null =>
  severity === undefined ? null : driftSeverities.slice(driftSeverities.indexOf(severity));

export const findingsById = async (reader: Reader, ids: readonly string[]): Promise<FindingRow[]> =>
  ids.length === 0 ? [] : rowsOf<FindingRow>(reader, `${findingSelect} WHERE f.id = ANY($1) ORDER BY f.id`, [ids]);

export const getFinding = async (reader: Reader, id: string): Promise<FindingRow> => {
  const [row] = await findingsById(reader, [id]);
  if (!row) throw new AppError('not_found', `There is no drift finding ${id}`);
  return row;
};

export interface FindingCount {
  readonly kind: DriftKind;
  readonly severity: Severity;
  readonly state: 'open' | 'suppressed';
  readonly count: number;
  readonly quarantined: number;
  readonly oldest: Date;
}

/** What stands now, by kind, severity and state. */
export const countFindings = async (reader: Reader): Promise<FindingCount[]> =>
  rowsOf<FindingCount>(
    reader,
    `SELECT kind, severity, state, count(*)::int AS count, count(quarantined_at)::int AS quarantined, min(first_seen) AS oldest
       FROM (${findingSelect} WHERE f.resolved_at IS NULL) AS standing GROUP BY kind, severity, state`,
  );
