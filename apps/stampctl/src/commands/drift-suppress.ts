import { DriftIdSchema, DriftSubjectSchema, SuppressionRequestSchema, type SuppressionRequest } from '@lapidary/contracts/api/drift';
import { z } from 'zod';
import { DriftApi } from '../client/drift-api.js';
import { parseDurationMs } from '../context/duration.js';
import type { Command } from '../invocation.js';
import { suppressionsTable } from '../output/drift-text.js';
import { required } from './fields.js';

const Of = z.object({ finding: DriftIdSchema.optional(), subject: DriftSubjectSchema.optional(), kind: z.string().optional() });

export const driftSuppress: Command = async (invocation) => {
  const { options, output } = invocation;
  const text = (flag: string, why: string): string => required(options[flag] as string | undefined, `--${flag}`, why);
  const owner = text('owner', 'Say who answers for it.');
  const reason = text('reason', 'Say why it may stay for now, so that whoever meets it knows.');
  const until = new Date(Date.now() + parseDurationMs(text('for', 'Say for how long, like 7d; then it shows again.'))).toISOString();
  const of = invocation.parse(Of, { ...options, finding: invocation.args[0] });
  const body: SuppressionRequest = invocation.parse(SuppressionRequestSchema, {
    ...of,
    owner,
    reason,
    until,
    severity: options['severity'],
  });
  const suppression = await new DriftApi(invocation.connect()).suppress(body);
  await output.result({ data: suppression, name: suppression.id, table: (view) => suppressionsTable([suppression], view) });
  output.hint(`Undo: stampctl drift unsuppress ${suppression.id}`);
};
