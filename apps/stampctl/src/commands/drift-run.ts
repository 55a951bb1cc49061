import { byWeight, notLookedAt } from '@lapidary/contracts/api/drift-order';
import { RegionNameSchema, StampNameSchema } from '@lapidary/contracts/api/common';
import { finishedRunStatuses, type DriftRunView } from '@lapidary/contracts/api/drift';
import { AppError } from '@lapidary/kernel/app-error';
import { exitCodes } from '@lapidary/kernel/error-catalogue';
import { waitFor } from '@lapidary/kernel/wait-for';
import { z } from 'zod';
import { DriftApi } from '../client/drift-api.js';
import type { Command } from '../invocation.js';
import { findingsText, runText } from '../output/drift-text.js';
import type { Colours } from '../output/terminal.js';
import { ReasonField } from './fields.js';

/** A run takes seconds; nobody notices half of one more. */
const pollMs = 500;
/** Longer than a run over the largest fleet; --timeout gives up earlier. */
const runMsMax = 30 * 60_000;

const Input = z.object({ stamp: StampNameSchema.optional(), region: RegionNameSchema.optional(), reason: ReasonField });

export const driftRun: Command = async (invocation) => {
  const { output } = invocation;
  const { stamp, region, reason } = invocation.parse(Input, { ...invocation.options, stamp: invocation.args[0] });
  const drift = new DriftApi(invocation.connect());
  const started = await drift.startRun({ ...(stamp ? { stamp } : region ? { region } : {}), reason });
  const shows = (run: DriftRunView) => ({ name: run.id, table: (view: Parameters<typeof runText>[1]) => runText(run, view) });
  if (invocation.options['wait'] === false) return await output.result({ data: started, ...shows(started) });
  output.note(`Looking at ${stamp ?? `every stamp of ${started.region}`} (${started.id})`);
  const run = await endedRun(drift, started, invocation.signal);
  if (run.status !== 'done') {
    const details = { run: run.id, status: run.status, check: 'See the log of the control plane; then "stampctl drift run" again.' };
    throw new AppError('internal', `The run ended as ${run.status}: ${run.error ?? 'no reason given'}`, { details });
  }
  const subject = stamp === undefined ? undefined : `stamp/${stamp}`;
  const findings = (await drift.findings({ region: run.region, subject })).sort(byWeight);
  await output.result({
    data: { run, findings },
    name: findings.map((f) => f.id),
    table: (view) => [runText(run, view), ...(findings.length === 0 ? [] : [findingsText(findings, view)])].join('\n\n'),
  });
  if (findings.length === 0) output.note(nothingOf(run, output.colours));
  return findings.length > 0 ? exitCodes.changes : exitCodes.ok;
};

/** Only what was looked at is known to be in order. */
const nothingOf = (run: DriftRunView, { green, yellow }: Colours): string => {
  const left = notLookedAt(run).length;
  if (left === 0) return `${green('✓')} nothing differs`;
  return `${yellow('!')} nothing differs of what was looked at; ${left} ${left === 1 ? 'look was' : 'looks were'} left out, as told above`;
};

/** Waits for a run's end. */
export const endedRun = async (drift: DriftApi, run: DriftRunView, signal: AbortSignal): Promise<DriftRunView> => {
  const look = async (): Promise<DriftRunView | undefined> => {
    const now = await drift.run(run.id);
    return finishedRunStatuses.includes(now.status) ? now : undefined;
  };
  try {
    return await waitFor(`run ${run.id}`, look, { timeoutMs: runMsMax, intervalMs: pollMs, signal });
  } catch (error) {
    // The wait between two questions ends with an error of its own; the reason says what happened.
    throw signal.aborted ? signal.reason : error;
  }
};
