import { IntentIdSchema } from '@lapidary/contracts/api/intents';
import { z } from 'zod';
import { IntentsApi } from '../client/intents-api.js';
import type { Command } from '../invocation.js';
import { intentFacts } from '../output/intent-text.js';

const Arguments = z.object({ intent: IntentIdSchema });

export const intentsShow: Command = async (invocation) => {
  const { intent: id } = invocation.parse(Arguments, { intent: invocation.args[0] });
  const { output } = invocation;
  const intent = await new IntentsApi(invocation.connect()).show(id);
  await output.result({ data: intent, name: intent.id, table: (view) => intentFacts(intent, view) });
  if (intent.settledAt === null) output.hint(`Take it back with: stampctl intents cancel ${id}`);
};
