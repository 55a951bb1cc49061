import { JobIdSchema } from '@lapidary/contracts/api/common';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { deadLettersTable } from '../output/dead-letter-text.js';
import { ReasonField } from './fields.js';
import { watchJob } from './watch-job.js';

const Arguments = z.object({ letter: JobIdSchema, reason: ReasonField });

export const deadLettersReplay: Command = async (invocation) => {
  const { options, output } = invocation;
  const { letter: id, reason } = invocation.parse(Arguments, { letter: invocation.args[0], reason: options.reason });
  const api = invocation.connect();
  const before = await api.deadLetter(id);
  // What the lost workers said has been read already.
  const after = before.job === null ? 0 : (await api.job(before.job)).lastEventSequence;
  const letter = await api.replayDeadLetter(id, reason);
  if (options.wait !== false && letter.job !== null) await watchJob(api, letter.job, output, after);
  await output.result({ data: letter, name: letter.id, table: (view) => deadLettersTable([letter], view) });
};
