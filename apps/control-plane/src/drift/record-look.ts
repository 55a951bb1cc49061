import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { newDriftId } from '@lapidary/kernel/ids';
import { recordAudit } from '../audit/record-audit.js';
import type { CommandContext } from '../http/command-context.js';
import { recordEvent } from '../outbox/record-event.js';
import type { Difference, Look } from './difference.js';
import { findingsById, findingViewOf } from './finding-rows.js';
import { toldToAll } from './shown-paths.js';
import { mergeFindings, type OpenFinding } from './merge-findings.js';

export interface Recorded {
  readonly appeared: number;
  readonly resolved: number;
}

/**
 * Writes a look into the findings, with event and audit for each that appears or goes (I5, I10). Safe to repeat, and safe
 * where two leaders overlap: the index drift_finding_open lets one finding stand per (kind, subject, path).
 */
export const recordLook = async (tx: Tx, context: CommandContext, clock: HybridLogicalClock, look: Look): Promise<Recorded> => {
  const open = await rowsOf<OpenFinding>(
    tx,
    `SELECT id, kind, subject, path FROM drift_finding
      WHERE kind = $1 AND ($3 OR subject = ANY($2)) AND resolved_at IS NULL ORDER BY id FOR UPDATE`,
    [look.kind, [...new Set([...look.looked, ...look.differences.map((d) => d.subject)])], look.judges !== undefined],
  );
  const { appear, seen, vanish } = mergeFindings(open, look);
  for (const { id, difference } of seen) await see(tx, id, difference);
  const appeared: string[] = [];
  for (const difference of appear) {
    const id = await insert(tx, context.region, difference);
    if (id !== null) appeared.push(id);
  }
  await tx.query(`UPDATE drift_finding SET resolved_at = now() WHERE id = ANY($1)`, [vanish]);
  await tell(tx, context, clock, 'found', appeared);
  await tell(tx, context, clock, 'resolved', vanish);
  return { appeared: appeared.length, resolved: vanish.length };
};

const see = async (tx: Tx, id: string, { expected, observed, severity, owner }: Difference): Promise<void> => {
  await tx.query(
    `UPDATE drift_finding SET last_seen = now(), times_seen = times_seen + 1, expected = $2::jsonb, observed = $3::jsonb,
            severity = CASE WHEN quarantined_at IS NULL THEN $4 ELSE 'critical' END, owner = $5 WHERE id = $1`,
    [id, JSON.stringify(expected ?? null), JSON.stringify(observed ?? null), severity, owner],
  );
};

/** Null where another leader has just written it. */
const insert = async (tx: Tx, region: string, d: Difference): Promise<string | null> => {
  const rows = await rowsOf<{ id: string }>(
    tx,
    `INSERT INTO drift_finding (id, region, kind, subject, path, expected, observed, severity, owner)
     VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7::jsonb, $8, $9)
     ON CONFLICT (kind, subject, path) WHERE resolved_at IS NULL DO NOTHING RETURNING id`,
    [
      newDriftId(region),
      region,
      d.kind,
      d.subject,
      d.path,
      JSON.stringify(d.expected ?? null),
      JSON.stringify(d.observed ?? null),
      d.severity,
      d.owner,
    ],
  );
  return rows[0]?.id ?? null;
};

const tell = async (
  tx: Tx,
  context: CommandContext,
  clock: HybridLogicalClock,
  what: 'found' | 'resolved',
  ids: readonly string[],
): Promise<void> => {
  const findings = (await findingsById(tx, ids)).map(findingViewOf);
  for (const finding of await toldToAll(tx, findings)) {
    const { id, kind, subject, path, expected, observed } = finding;
    await recordEvent(tx, context, clock, `lapidary.drift.${what}.v2`, `drift/${id}`, { finding });
    await recordAudit(tx, context, `drift.${what}`, `drift/${id}`, { kind, subject, path, expected, observed });
  }
};
