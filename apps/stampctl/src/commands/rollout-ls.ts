import { rolloutStatuses } from '@lapidary/contracts/api/rollouts';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { rolloutsTable } from '../output/rollout-text.js';
import { LimitField } from './fields.js';
import { printList } from './list-result.js';
import { rolloutsOf } from './rollout-choice.js';

const Options = z.object({ status: z.enum(rolloutStatuses).optional(), limit: LimitField });

export const rolloutLs: Command = async (invocation) => {
  const { status, limit } = invocation.parse(Options, invocation.options);
  const page = await rolloutsOf(invocation).list({ status }, limit);
  await printList(invocation.output, page, {
    name: (r) => r.id,
    table: rolloutsTable,
    empty: 'No roll-outs. Begin one: stampctl rollout start --workload <version>',
  });
};
