import { StampNameSchema } from '@lapidary/contracts/api/common';
import type { RetirePlan } from '@lapidary/contracts/api/retirement';
import { AppError } from '@lapidary/kernel/app-error';
import { exitCodes } from '@lapidary/kernel/error-catalogue';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { confirmByName } from '../output/confirm.js';
import { stampsTable } from '../output/fleet-tables.js';
import { remainsLines, retirePlanText } from '../output/retirement-text.js';
import { ReasonField } from './fields.js';
import { watchJob } from './watch-job.js';

const Input = z.object({ stamp: StampNameSchema, snapshot: z.boolean().default(true), reason: ReasonField });

export const stampsRetire: Command = async (invocation) => {
  const { args, options, output } = invocation;
  const { stamp: name, snapshot, reason } = invocation.parse(Input, { stamp: args[0], snapshot: options.snapshot, reason: options.reason });
  const api = invocation.connect();
  const plan = await api.planRetirement(name);
  if (options.dryRun === true) {
    await output.result({ data: plan, name, table: (view) => retirePlanText(plan, view) });
    return plan.remains.length > 0 || plan.openJob !== null ? exitCodes.conflict : exitCodes.ok;
  }
  // Before anybody is asked to type a name: there would be nothing to confirm.
  refuseWhatRemains(plan);
  const consequence = `takes its database${snapshot ? ' (after a final snapshot)' : ', without a snapshot,'} and everything else of it away`;
  await confirmByName(output, `Retiring stamp ${name}`, consequence, name, options.yes === true, invocation.signal);
  const job = await api.retire(name, { confirm: name, snapshot, ...(reason === undefined ? {} : { reason }) });
  output.note(`Job ${job.id} retires ${name}. Ctrl-C only stops watching; until it destroys, "stampctl jobs cancel ${job.id}" ends it.`);
  if (options.wait === false) return output.result({ data: { job, stamp: null }, name: job.id, table: () => job.id });
  const finished = await watchJob(api, job.id, output);
  const stamp = await api.stamp(name);
  output.note(`${output.colours.green('✓')} ${name} is ${stamp.status}; its name stays taken`);
  return output.result({ data: { job: finished, stamp }, name: stamp.name, table: (view) => stampsTable([stamp], view) });
};

const refuseWhatRemains = (plan: RetirePlan): void => {
  if (plan.remains.length === 0) return;
  throw new AppError('stamp_not_empty', `${plan.stamp.name} can't be retired: ${remainsLines(plan.remains).join('; ')}`, {
    details: { remains: plan.remains, check: plan.remains.map((r) => r.check).join(' ') },
  });
};
