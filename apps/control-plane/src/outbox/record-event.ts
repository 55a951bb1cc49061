import type { EventData, EventType } from '@lapidary/contracts/events/registry';
import { surelyFits } from '@lapidary/contracts/events/plain-change';
import { eventSchemas } from '@lapidary/contracts/events/registry';
import type { Tx } from '@lapidary/db/transaction';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { newId } from '@lapidary/kernel/ids';
import type { CommandContext } from '../http/command-context.js';

/** The relay listens here; the timer in the relay is what makes a lost notification harmless. */
export const outboxChannel = 'lapidary_outbox';

/** Of the tenant `t`. */
const claimsOf = `jsonb_build_object('claim', t.claim_hlc) || coalesce(
  (SELECT jsonb_build_object('hostClaims', jsonb_object_agg(h.hostname, h.claim_hlc)) FROM tenant_hostname h WHERE h.tenant = t.id HAVING count(*) > 0), '{}')`;

/** P-SC1: throws where the data are not what the type's schema says, before anything is published. */
export const requireFits = (type: EventType, data: unknown): void => {
  if (surelyFits[type]?.(data) !== true) eventSchemas[type].parse(data);
};

/**
 * I5: the event commits with the change it tells of, or not at all. The schema is checked here, before anything is
 * published (P-SC1); a failure rolls the change back. Every event of a tenant also carries the claims of its names, taken
 * from the rows, so that two regions which gave out one name while apart decide alike (I6).
 */
export const recordEvent = async <T extends EventType>(
  tx: Tx,
  context: CommandContext,
  clock: HybridLogicalClock,
  type: T,
  subject: string,
  data: EventData<T>,
): Promise<string> => {
  requireFits(type, data);
  const id = newId();
  await tx.query(
    `WITH written AS (
       INSERT INTO outbox (id, hlc, type, subject, request_id, actor, data)
       VALUES ($1, $2, $3, $4, $5, $6,
               $7::jsonb || coalesce((SELECT ${claimsOf} FROM tenant t WHERE t.id = substring($4 from '^tenant/(.*)$')), '{}'))
     )
     SELECT pg_notify($8, '')`,
    [id, clock.tick(), type, subject, context.requestId, context.actor, JSON.stringify(data), outboxChannel],
  );
  return id;
};
