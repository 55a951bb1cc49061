import { driftSeverities } from '@lapidary/contracts/api/drift';
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

/** What a run may still tell of findings one by one. Each event goes to every region and every console, which read the list anew for it. */
export interface Telling {
  events: number;
}
export const eventsOfRunMax = 100;
export const newTelling = (): Telling => ({ events: eventsOfRunMax });

/**
 * Writes a look into the findings, with audit for each that appears or goes (I10), and with an event (I5) for the worst of them, as many as
 * `telling` has left and one at the least; the last one says how many others there are. Safe to repeat, and safe where two leaders overlap: the index
 * drift_finding_open lets one finding stand per (kind, subject, path).
 */
export const recordLook = async (
  tx: Tx,
  context: CommandContext,
  clock: HybridLogicalClock,
  look: Look,
  telling: Telling = newTelling(),
): Promise<Recorded> => {
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
  await tell(tx, context, clock, telling, 'found', appeared);
  await tell(tx, context, clock, telling, 'resolved', vanish);
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
  telling: Telling,
  what: 'found' | 'resolved',
  ids: readonly string[],
): Promise<void> => {
  const findings = await toldToAll(tx, (await findingsById(tx, ids)).map(findingViewOf));
  const worstFirst = [...findings].sort((a, b) => driftSeverities.indexOf(b.severity) - driftSeverities.indexOf(a.severity));
  const told = worstFirst.slice(0, Math.max(1, telling.events));
  telling.events = Math.max(0, telling.events - told.length);
  const untold = findings.length - told.length;
  for (const [i, finding] of told.entries()) {
    const rest = untold > 0 && i === told.length - 1 ? { untold } : {};
    await recordEvent(tx, context, clock, `lapidary.drift.${what}.v2`, `drift/${finding.id}`, { finding, ...rest });
  }
  for (const { id, kind, subject, path, expected, observed } of findings)
    await recordAudit(tx, context, `drift.${what}`, `drift/${id}`, { kind, subject, path, expected, observed });
};
