import { RegionNameSchema, TenantIdSchema } from '@lapidary/contracts/api/common';
import { EventDeadLetterIdSchema, type EventDeadLetterView } from '@lapidary/contracts/api/replication';
import { AppError, isAppError } from '@lapidary/kernel/app-error';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Api } from '../client/api.js';
import { parseDurationMs } from '../context/duration.js';
import type { Invocation } from '../invocation.js';

/** Which dead letters are meant: one by its id, or those that fit. */
export const ChoiceFields = z.object({
  letter: EventDeadLetterIdSchema.optional(),
  region: RegionNameSchema.optional(),
  origin: RegionNameSchema.optional(),
  type: z.string().max(200).optional(),
  tenant: TenantIdSchema.optional(),
  subject: z.string().max(200).optional(),
  since: z.string().optional(),
  until: z.string().optional(),
  all: z.boolean().optional(),
});
export type Choice = z.infer<typeof ChoiceFields>;

/** "2h" is two hours ago; an RFC 3339 time is itself. */
export const timeOf = (text: string | undefined, nowMs: number): string | undefined => {
  if (text === undefined) return undefined;
  const at = Date.parse(text);
  return new Date(Number.isNaN(at) ? nowMs - parseDurationMs(text) : at).toISOString();
};

export const queryOf = (choice: Choice, nowMs: number): Record<string, string | undefined> => ({
  region: choice.region,
  origin: choice.origin,
  type: choice.type,
  subject: choice.subject,
  tenant: choice.tenant,
  since: timeOf(choice.since, nowMs),
  until: timeOf(choice.until, nowMs),
});

/** In batches each is a transaction that the region's own readers wait for; at this rate they don't notice. */
const rateDefault = 20;
const rateMax = 1_000;
export const BatchFields = ChoiceFields.extend({
  dryRun: z.boolean().default(false),
  rate: z.coerce.number({ error: 'is a number per second' }).positive().max(rateMax).default(rateDefault),
});

/** Does it for one after the other, at most `rate` a second. One of many that somebody settled meanwhile is passed over; one that was named is not. */
export const eachLetter = async (
  { output, signal }: Pick<Invocation, 'output' | 'signal'>,
  letters: readonly EventDeadLetterView[],
  { letter: named, rate }: { readonly letter?: string; readonly rate: number },
  act: (letter: EventDeadLetterView) => Promise<void>,
): Promise<void> => {
  for (const [i, letter] of letters.entries()) {
    if (i > 0) await sleep(1_000 / rate, undefined, { signal });
    try {
      await act(letter);
    } catch (error) {
      if (named !== undefined || !isAppError(error) || !['illegal_transition', 'not_found'].includes(error.code)) throw error;
      output.note(`${letter.id} ${letter.type} ${letter.subject}: settled meanwhile`);
    }
  }
};

/** The open ones that are meant, the oldest first: events of one subject are applied in the order in which they were told. */
export const chosenLetters = async (api: Api, choice: Choice, nowMs: number): Promise<EventDeadLetterView[]> => {
  if (choice.letter !== undefined) return [await api.eventDeadLetter(choice.letter)];
  const filters = [choice.origin, choice.type, choice.tenant, choice.subject, choice.since, choice.until];
  if (choice.all !== true && filters.every((f) => f === undefined)) {
    throw new AppError('usage', 'Which dead letters are meant?', {
      details: { check: 'Name one by its id, give a filter such as --tenant or --since, or say --all.' },
    });
  }
  return (await api.eventDeadLetters({ ...queryOf(choice, nowMs), state: 'open' })).items.reverse();
};
