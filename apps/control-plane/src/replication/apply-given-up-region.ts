import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import type { EventData } from '@lapidary/contracts/events/registry';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { keepWord } from '../regions/given-up-rows.js';
import { toldClaims } from './apply-hosts.js';
import { applyStamp } from './apply-stamp.js';
import { applyTenant, type ApplyTools } from './apply-tenant.js';

/** What a region says of one that was given up (regions/given-up-states.ts); in its own name only. Throws `poison_event` otherwise. */
export const applyGivenUpRegion = async (
  tx: Tx,
  { originregion }: EventEnvelope,
  { givenUp, word }: EventData<'lapidary.region.given-up.v1'>,
): Promise<void> => {
  if (word.region !== originregion)
    throw new AppError('poison_event', `Region ${originregion} told what region ${word.region} says of ${givenUp.region}`);
  await keepWord(tx, givenUp, word);
};

/**
 * RG4: what another region heard of a stamp or a tenant of a region that was given up. The greater version holds, since all of them are
 * of one log. Taken from who has agreed to that decision alone: it says so in its log before. Throws `poison_event` otherwise.
 */
export const applyRecalled = async (
  tx: Tx,
  event: EventEnvelope,
  { decision, region, stamp, tenant, claim, hostClaims }: EventData<'lapidary.region.recalled.v1'>,
  tools: ApplyTools,
): Promise<void> => {
  const agreed = await rowsOf(
    tx,
    `SELECT 1 FROM given_up_region g JOIN given_up_word w ON w.decision = g.id AND w.region = $3 AND w.answer = 'agrees' WHERE g.id = $1 AND g.region = $2`,
    [decision, region, event.originregion],
  );
  if (agreed.length === 0)
    throw new AppError('poison_event', `Region ${event.originregion} told of ${region}, and has not agreed that it is lost`);
  const asItsOwn: EventEnvelope = { ...event, originregion: region, originsequence: 1 };
  // Every version here is of that region's log, or of who inherits from it and told a greater one.
  const isOlder = async (table: string, of: string, key: string, version: number): Promise<boolean> => {
    const lifted = await rowsOf(tx, `UPDATE ${table} SET origin_sequence = 0 WHERE ${of} = $1 AND version < $2 RETURNING 1`, [
      key,
      version,
    ]);
    return lifted.length > 0 || (await rowsOf(tx, `SELECT 1 FROM ${table} WHERE ${of} = $1`, [key])).length === 0;
  };
  if (stamp && (await isOlder('stamp', 'name', stamp.name, stamp.version))) await applyStamp(tx, asItsOwn, stamp);
  if (tenant && (await isOlder('tenant', 'id', tenant.id, tenant.version)))
    await applyTenant(tx, asItsOwn, tenant, toldClaims(tenant, claim ?? event.hlc, hostClaims), tools);
};
