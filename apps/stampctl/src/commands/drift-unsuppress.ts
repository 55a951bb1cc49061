import { DriftIdSchema } from '@lapidary/contracts/api/drift';
import { AppError, isAppError } from '@lapidary/kernel/app-error';
import { z } from 'zod';
import { DriftApi } from '../client/drift-api.js';
import type { Command } from '../invocation.js';
import { suppressionsTable } from '../output/drift-text.js';
import { ReasonField } from './fields.js';

const Input = z.object({ id: DriftIdSchema, reason: ReasonField });

export const driftUnsuppress: Command = async (invocation) => {
  const { id, reason } = invocation.parse(Input, { ...invocation.options, id: invocation.args[0] });
  const drift = new DriftApi(invocation.connect());
  const lifted = await drift.unsuppress(await suppressionOf(drift, id), reason);
  await invocation.output.result({ data: lifted, name: lifted.id, table: (view) => suppressionsTable([lifted], view) });
};

/** People have the finding's id at hand more often than the suppression's. */
const suppressionOf = async (drift: DriftApi, id: string): Promise<string> => {
  try {
    const { suppression } = await drift.finding(id);
    if (suppression === null) throw new AppError('illegal_transition', `Nothing hides finding ${id} now`);
    return suppression;
  } catch (error) {
    if (isAppError(error) && error.code === 'not_found') return id;
    throw error;
  }
};
