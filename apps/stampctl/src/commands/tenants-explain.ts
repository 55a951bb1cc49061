import { TenantIdSchema } from '@lapidary/contracts/api/common';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { explanationText } from '../output/explanation.js';

const Input = z.object({ tenant: TenantIdSchema, now: z.boolean().default(false) });

export const tenantsExplain: Command = async (invocation) => {
  const { tenant: id, now } = invocation.parse(Input, { tenant: invocation.args[0], now: invocation.options.now });
  const explanation = await invocation.connect().explain(id);
  const decision = now ? explanation.now : (explanation.decision ?? explanation.now);
  if (!now && !explanation.decision) invocation.output.hint('No decision is recorded yet; this is what would be decided now.');
  await invocation.output.result({
    data: explanation,
    name: decision.chosen ?? [],
    table: (view) => explanationText(explanation, decision, view),
  });
};
