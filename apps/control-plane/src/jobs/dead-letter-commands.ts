import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { recordAudit } from '../audit/record-audit.js';
import type { CommandContext } from '../http/command-context.js';
import { assertOwnRegion } from '../regions/single-writer.js';
import { lockLetter, readLetter, resolveLetter, type DeadLetterRow } from './dead-letter-store.js';
import { retryJob, type JobCommandDeps } from './job-commands.js';

const lockOpen = async (tx: Tx, context: CommandContext, id: string): Promise<DeadLetterRow> => {
  const letter = await lockLetter(tx, id);
  if (!letter) throw new AppError('not_found', `There is no dead letter ${id}`);
  assertOwnRegion(context, letter.region, `dead letter ${id}`);
  if (letter.resolution !== null) {
    throw new AppError('illegal_transition', `The dead letter was ${letter.resolution} already`, {
      details: { by: letter.resolved_by, at: letter.resolved_at?.toISOString() },
    });
  }
  return letter;
};

const resolved = async (tx: Tx, context: CommandContext, before: DeadLetterRow, action: 'replay' | 'drop'): Promise<DeadLetterRow> => {
  await recordAudit(tx, context, `dead-letter.${action}`, `dead-letter/${before.id}`, { job: before.job, cause: before.cause });
  const letter = await readLetter(tx, before.id);
  if (!letter) throw new Error(`dead letter ${before.id} is gone although its row was locked`);
  return letter;
};

/** Queues its job again, from the step that was under way; the letter is done with that. */
export const replayLetter = async (tx: Tx, context: CommandContext, deps: JobCommandDeps, id: string): Promise<DeadLetterRow> => {
  const letter = await lockOpen(tx, context, id);
  if (letter.job === null)
    throw new AppError('illegal_transition', 'This message names no job, so there is nothing to try again; it can be dropped');
  await retryJob(tx, context, deps, letter.job);
  return await resolved(tx, context, letter, 'replay');
};

/** Looked at, and nothing is to be done. The job stays failed, and can still be retried. */
export const dropLetter = async (tx: Tx, context: CommandContext, id: string): Promise<DeadLetterRow> => {
  const letter = await lockOpen(tx, context, id);
  await resolveLetter(tx, context, id, 'dropped');
  return await resolved(tx, context, letter, 'drop');
};
