import {
  ifUnreachableChoices,
  ifUnreachableHeader,
  intentHeader,
  intentSecondsDefault,
  intentSecondsHeader,
  intentSecondsMax,
  intentSecondsMin,
} from '@lapidary/contracts/api/intents';
import { inTransaction, type Reader } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { FastifyRequest } from 'fastify';
import type { DataSource } from 'typeorm';
import { recordAudit } from '../audit/record-audit.js';
import { replayedHeader } from '../http/command-answer.js';
import type { CommandContext } from '../http/command-context.js';
import type { ForwardedAnswer } from '../replication/api-forward.js';
import { intentViewOf, type IntentRow } from './intent-row.js';
import { countOpen, findByKey, insertIntent, type NewIntent } from './intent-store.js';

/** As many as a day of one script a few seconds apart; more of them is a script that has run wild. */
const openMax = 10_000;

export interface Wanted {
  readonly queue: boolean;
  readonly seconds: number;
}

const choiceProblem = (path: string, message: string): AppError =>
  new AppError('invalid_input', `${path}: ${message}`, { fields: [{ path, message }] });

/** What the caller wants where the region cannot be reached: queued for a day unless it says otherwise. */
export const wantedOf = ({ headers }: Pick<FastifyRequest, 'headers'>): Wanted => {
  const choice = headers[ifUnreachableHeader] ?? 'queue';
  if (!ifUnreachableChoices.some((c) => c === choice)) throw choiceProblem(ifUnreachableHeader, ifUnreachableChoices.join(' or '));
  const seconds = Number(headers[intentSecondsHeader] ?? intentSecondsDefault);
  if (!Number.isInteger(seconds) || seconds < intentSecondsMin || seconds > intentSecondsMax)
    throw choiceProblem(intentSecondsHeader, `a whole number from ${intentSecondsMin} to ${intentSecondsMax}`);
  return { queue: choice === 'queue', seconds };
};

/** Writes the intent down, with who asked and why (I10). Durable when it returns; a repeat under its key gets the same. */
export const acceptIntent = async (dataSource: DataSource, context: CommandContext, intent: NewIntent): Promise<IntentRow> =>
  await inTransaction(dataSource, async (tx) => {
    if ((await countOpen(tx, intent.owner)) >= openMax) throw new AppError('intent_queue_full', undefined, { details: { openMax } });
    const row = await insertIntent(tx, intent);
    if (row === null) return (await findByKey(tx, intent.actor, intent.idempotency_key!))!;
    const { owner, subject, state, method, url } = intent;
    await recordAudit(tx, context, `intent.${state}`, `intent/${context.region}.${row.id}`, {
      owner,
      subject,
      operation: `${method} ${url}`,
    });
    return row;
  });

/** 202: not done, but it will be, once, or not at all. */
export const queuedAnswer = (row: IntentRow, region: string): ForwardedAnswer => {
  const view = intentViewOf(row, region);
  return {
    status: 202,
    headers: { 'content-type': 'application/json; charset=utf-8', location: `/v1/intents/${view.id}`, [intentHeader]: view.id },
    body: JSON.stringify(view),
  };
};

/** What a repeat under the same key gets: what became of the first; null where there was none. */
export const answerOfRepeat = async (
  reader: Reader,
  region: string,
  actor: string,
  key: string | null,
  hash: string,
): Promise<ForwardedAnswer | null> => {
  const row = key === null ? null : await findByKey(reader, actor, key);
  if (row === null) return null;
  if (row.request_hash !== hash) throw new AppError('idempotency_mismatch');
  const details = { intent: `${region}.${row.id}` };
  if (row.state === 'cancelled') throw new AppError('intent_cancelled', undefined, { details });
  if (row.state === 'expired') throw new AppError('intent_expired', undefined, { details });
  if (row.answer === null && row.state === 'refused') throw new AppError('forbidden', row.last_error ?? undefined, { details });
  if (row.answer === null) return queuedAnswer(row, region);
  return { ...row.answer, headers: { ...row.answer.headers, [replayedHeader]: 'true' } };
};
