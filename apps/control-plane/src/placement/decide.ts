import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { newId } from '@lapidary/kernel/ids';
import type { StampFacts, TenantFacts } from './facts.js';
import { place, type Choice } from './place.js';
import { defaultPolicy } from './policy.js';
import { readStampFacts } from './read-facts.js';
import { reserve } from './reserve.js';

/** Each lost race means that others got on; so many in a row for one tenant is contention to be seen. */
const lostRacesMax = 200;
/** A decision is for people to read; beyond this many the refused ones are only counted. */
const candidatesKeptMax = 200;

export interface Reserved {
  readonly choice: Choice;
  /** How many times another placement was faster. */
  readonly lostRaces: number;
}

/**
 * Decides and reserves: fresh read, decision, compare-and-set; after a lost race the same again. "No room" is only
 * concluded from a fresh read that shows no candidate.
 */
export const decideAndReserve = async (tx: Tx, tenant: TenantFacts): Promise<Reserved> => {
  for (let lostRaces = 0; lostRaces <= lostRacesMax; lostRaces++) {
    const choice = place(tenant, await readStampFacts(tx), defaultPolicy);
    if (choice.chosen === null || (await reserve(tx, tenant, choice.chosen))) return { choice, lostRaces };
  }
  throw new AppError('overloaded', undefined, { internal: `lost ${lostRacesMax} races for room in a row`, retryAfterSeconds: 1 });
};

/** What would be decided, changing nothing. */
export const evaluate = (tenant: TenantFacts, stamps: readonly StampFacts[]): Choice => place(tenant, stamps, defaultPolicy);

/** Keeps the decision for "explain". Returns its id. */
export const recordDecision = async (tx: Tx, tenant: string, choice: Choice, epoch: number | null): Promise<string> => {
  const id = newId();
  await tx.query(
    `INSERT INTO placement_decision (id, tenant, outcome, chosen, epoch, summary, candidates) VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb)`,
    [
      id,
      tenant,
      choice.chosen === null ? 'pending' : 'placed',
      choice.chosen,
      epoch,
      choice.summary,
      JSON.stringify(choice.candidates.slice(0, candidatesKeptMax)),
    ],
  );
  return id;
};
