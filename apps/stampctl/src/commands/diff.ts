import { StampNameSchema } from '@lapidary/contracts/api/common';
import { exitCodes } from '@lapidary/kernel/error-catalogue';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { hasChanges, planText } from '../output/plan-text.js';

/** What stands between a stamp and its spec; exit code 7 where there is something. */
export const diff: Command = async (invocation) => {
  const { name } = invocation.parse(z.object({ name: StampNameSchema }), { name: invocation.args[0] });
  const plan = await invocation.connect().plan(name);
  await invocation.output.result({ data: plan, name: plan.resources.map((r) => r.name), table: (view) => planText(plan, view) });
  return hasChanges(plan) ? exitCodes.changes : exitCodes.ok;
};
