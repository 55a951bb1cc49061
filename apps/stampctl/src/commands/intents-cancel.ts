import { IntentIdSchema } from '@lapidary/contracts/api/intents';
import { exitCodes } from '@lapidary/kernel/error-catalogue';
import { z } from 'zod';
import { IntentsApi } from '../client/intents-api.js';
import type { Command } from '../invocation.js';
import { intentsTable } from '../output/intent-text.js';
import { ReasonField } from './fields.js';

const Typed = z.object({ intent: IntentIdSchema, reason: ReasonField });

/** Ends with 8 where the owner has yet to say which came first: whoever goes on must look again. */
export const intentsCancel: Command = async (invocation) => {
  const { args, options, output } = invocation;
  const { intent: id, reason } = invocation.parse(Typed, { intent: args[0], reason: options.reason });
  const intent = await new IntentsApi(invocation.connect()).cancel(id, reason);
  await output.result({ data: intent, name: intent.id, table: (view) => intentsTable([intent], view) });
  if (intent.state === 'cancelled') return exitCodes.ok;
  output.hint(`It had been sent: region ${intent.owner} decides whether it was faster. See: stampctl intents show ${id}`);
  return exitCodes.queued;
};
