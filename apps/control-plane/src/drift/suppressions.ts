import { SuppressionSchema, suppressionDaysMax, type SuppressionRequest, type SuppressionView } from '@lapidary/contracts/api/drift';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { newDriftId } from '@lapidary/kernel/ids';
import { nextState } from '@lapidary/kernel/transition-table';
import { recordAudit } from '../audit/record-audit.js';
import type { CommandContext } from '../http/command-context.js';
import { recordEvent } from '../outbox/record-event.js';
import type { DriftKind, Severity } from './difference.js';
import { findingTable, suppressionTable, type SuppressionState } from './drift-states.js';
import { getFinding, hiddenCount, rankOf } from './finding-rows.js';
import { toldToAll } from './shown-paths.js';

export interface SuppressionRow {
  readonly id: string;
  readonly region: string;
  readonly kind: DriftKind;
  readonly subject: string;
  readonly path: string | null;
  readonly observed: unknown;
  readonly severity: Severity;
  readonly owner: string;
  readonly reason: string;
  readonly state: SuppressionState;
  readonly created_by: string;
  readonly created_at: Date;
  readonly until: Date;
  readonly lifted_by: string | null;
  readonly lifted_at: Date | null;
  readonly hides: number;
}

const suppressionSelect = `
  SELECT s.id, s.region, s.kind, s.subject, s.path, s.observed, s.severity, s.owner, s.reason, s.created_by, s.created_at, s.until, s.lifted_by,
         s.lifted_at, ${hiddenCount} AS hides,
         CASE WHEN s.lifted_at IS NOT NULL THEN 'lifted' WHEN s.until <= now() THEN 'expired' ELSE 'active' END AS state
    FROM drift_suppression s`;

export const suppressionViewOf = (row: SuppressionRow): SuppressionView =>
  SuppressionSchema.parse({
    id: row.id,
    region: row.region,
    kind: row.kind,
    subject: row.subject,
    path: row.path,
    observed: row.observed,
    severity: row.severity,
    owner: row.owner,
    reason: row.reason,
    state: row.state,
    createdBy: row.created_by,
    createdAt: row.created_at.toISOString(),
    until: row.until.toISOString(),
    liftedBy: row.lifted_by,
    liftedAt: row.lifted_at?.toISOString() ?? null,
    hides: row.hides,
  } satisfies SuppressionView);

export const getSuppression = async (reader: Reader, id: string): Promise<SuppressionRow> => {
  const [row] = await rowsOf<SuppressionRow>(reader, `${suppressionSelect} WHERE s.id = $1`, [id]);
  if (!row) throw new AppError('not_found', `There is no drift suppression ${id}`);
  return row;
};

export interface SuppressionFilter {
  readonly state: SuppressionState | 'all';
  readonly before: string | null;
  readonly limit: number;
}

export const listSuppressions = async (reader: Reader, { state, before, limit }: SuppressionFilter): Promise<SuppressionRow[]> =>
  rowsOf<SuppressionRow>(
    reader,
    `SELECT * FROM (${suppressionSelect}) AS listed WHERE ($1 = 'all' OR state = $1) AND ($2::text IS NULL OR id < $2)
      ORDER BY id DESC LIMIT $3`,
    [state, before, limit + 1],
  );

/** Hides a finding, or all of a kind about a subject, for a while; nothing of them is changed or deleted. */
export const suppress = async (
  tx: Tx,
  context: CommandContext,
  clock: HybridLogicalClock,
  request: SuppressionRequest,
  nowMs = Date.now(),
): Promise<SuppressionView> => {
  checkUntil(request.until, nowMs);
  const of = await subjectOf(tx, request);
  const id = newDriftId(context.region);
  await tx.query(
    `INSERT INTO drift_suppression (id, region, kind, subject, path, observed, owner, reason, created_by, until, severity)
     VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9, $10, $11)`,
    [
      id,
      context.region,
      of.kind,
      of.subject,
      of.path,
      of.path === null ? null : JSON.stringify(of.observed),
      request.owner,
      request.reason,
      context.actor,
      request.until,
      request.severity ?? of.severity,
    ],
  );
  const suppression = suppressionViewOf(await getSuppression(tx, id));
  const [told] = await toldToAll(tx, [suppression]);
  const { severity, ...event } = told!;
  await recordEvent(tx, context, clock, 'lapidary.drift.suppressed.v2', `drift/${id}`, { suppression: event });
  const { kind, subject, path, observed, owner, until } = event;
  await recordAudit(tx, context, 'drift.suppress', `drift/${id}`, { kind, subject, path, observed, severity, owner, until });
  return suppression;
};

/** Shows again what it hid. Ending one that has ended already is refused: it would say who lifted it and when, wrongly. */
export const lift = async (tx: Tx, context: CommandContext, clock: HybridLogicalClock, id: string): Promise<SuppressionView> => {
  await tx.query(`SELECT 1 FROM drift_suppression WHERE id = $1 FOR UPDATE`, [id]);
  nextState(suppressionTable, (await getSuppression(tx, id)).state, 'lift');
  await tx.query(`UPDATE drift_suppression SET lifted_by = $2, lifted_at = now() WHERE id = $1`, [id, context.actor]);
  const suppression = suppressionViewOf(await getSuppression(tx, id));
  const [told] = await toldToAll(tx, [suppression]);
  const { severity: _, ...event } = told!;
  await recordEvent(tx, context, clock, 'lapidary.drift.unsuppressed.v2', `drift/${id}`, { suppression: event });
  await recordAudit(tx, context, 'drift.unsuppress', `drift/${id}`, { kind: suppression.kind, subject: suppression.subject });
  return suppression;
};

const dayMs = 24 * 3_600_000;

const checkUntil = (until: string, nowMs: number): void => {
  const aheadMs = Date.parse(until) - nowMs;
  const message =
    aheadMs <= 0 ? 'is over already' : aheadMs > suppressionDaysMax * dayMs ? `is more than ${suppressionDaysMax} days ahead` : null;
  if (message !== null) throw new AppError('invalid_input', `until: ${message}`, { fields: [{ path: 'until', message }] });
};

type Subject = Pick<SuppressionRow, 'kind' | 'subject' | 'path' | 'observed' | 'severity'>;

/** Of what stands about a subject; a warning where nothing worse does: what comes later may be as bad as most is. */
const worstOf = async (reader: Reader, kind: DriftKind, subject: string): Promise<Severity> => {
  const [worst] = await rowsOf<{ severity: Severity }>(
    reader,
    `SELECT severity FROM drift_finding WHERE kind = $1 AND subject = $2 AND resolved_at IS NULL ORDER BY ${rankOf('severity')} DESC LIMIT 1`,
    [kind, subject],
  );
  return worst?.severity === 'critical' ? 'critical' : 'warning';
};

const subjectOf = async (tx: Tx, request: SuppressionRequest): Promise<Subject> => {
  if (request.finding === undefined) {
    const [kind, subject] = [request.kind!, request.subject!];
    return { kind, subject, path: null, observed: null, severity: await worstOf(tx, kind, subject) };
  }
  const finding = await getFinding(tx, request.finding);
  nextState(findingTable, finding.state, 'suppress');
  return finding;
};
