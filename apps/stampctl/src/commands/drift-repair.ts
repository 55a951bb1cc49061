import { RegionNameSchema } from '@lapidary/contracts/api/common';
import { DriftIdSchema, DriftSubjectSchema } from '@lapidary/contracts/api/drift';
import { AppError } from '@lapidary/kernel/app-error';
import { exitCodes } from '@lapidary/kernel/error-catalogue';
import { z } from 'zod';
import { DriftApi } from '../client/drift-api.js';
import type { Command } from '../invocation.js';
import { repairsText } from '../output/drift-text.js';
import { endedRun } from './drift-run.js';
import { ReasonField } from './fields.js';

const Input = z.object({
  finding: DriftIdSchema.optional(),
  subject: DriftSubjectSchema.optional(),
  region: RegionNameSchema.optional(),
  dryRun: z.boolean().default(false),
  reason: ReasonField,
});

export const driftRepair: Command = async (invocation) => {
  const { output } = invocation;
  const { finding, region, ...body } = invocation.parse(Input, { ...invocation.options, finding: invocation.args[0] });
  const drift = new DriftApi(invocation.connect());
  const started = await drift.startRepair({ ...body, ...(finding ? { finding } : region ? { region } : {}) });
  if (invocation.options['wait'] === false)
    return await output.result({ data: started, name: started.id, table: (view) => repairsText(started, view) });
  const run = await endedRun(drift, started, invocation.signal);
  if (run.status !== 'done') throw new AppError('internal', `The repair ended as ${run.status}: ${run.error ?? 'no reason given'}`);
  await output.result({ data: run, name: run.repairs.map((r) => r.finding), table: (view) => repairsText(run, view) });
  if (run.repairs.length === 0) output.hint('Nothing that a repair could put right. What stands: stampctl drift ls');
  if (run.repairsLeft !== undefined && run.repairsLeft > 0)
    output.hint(`${run.repairsLeft} more can be repaired, and were not tried: a run tries ${run.repairs.length}. Run it again.`);
  return run.repairs.some((r) => r.outcome === 'refused') ? exitCodes.changes : exitCodes.ok;
};
