import { ContentsReplySchema, type ContentsRequest } from '@lapidary/contracts/events/peer-link';
import { geoContents } from '@lapidary/contracts/subjects';
import { inTransaction, type Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import { readEvents, type IncomingEvent } from '@lapidary/replication/read-events';
import type { DataSource } from 'typeorm';
import { notHeldHere } from '../residency/holding.js';
import { lockWithheld, settleWithheld, withheldBy, type Withheld } from '../residency/withheld.js';
import type { ApplyTools } from './apply-tenant.js';
import { takeInOne } from './ingest.js';
import { readPosition } from './peer-position.js';

export interface ContentsSource {
  readonly region: string;
  readonly peer: string;
  readonly dataSource: DataSource;
  readonly link: NatsLink;
  readonly tools: ApplyTools;
}

/** As a back-fill: some ten milliseconds at the origin. */
const requestMs = 3_000;

const withheldTenant = (e: IncomingEvent): string | null =>
  e.ok && e.event.type === 'lapidary.document.withheld.v1' && typeof e.event.data['tenant'] === 'string' ? e.event.data['tenant'] : null;

/**
 * Puts contents in the place of changes that came without, where their tenants may be here as far as this region knows. What the
 * origin does not show stays as it came, and is noted as owed when it is applied.
 */
export const withContents = async (source: ContentsSource, events: readonly IncomingEvent[]): Promise<readonly IncomingEvent[]> => {
  const tenants = [...new Set(events.flatMap((e) => withheldTenant(e) ?? []))];
  if (tenants.length === 0) return events;
  const elsewhere = await notHeldHere(source.dataSource, tenants);
  const at = await readPosition(source.dataSource, source.peer);
  const wanted = events.filter((e) => {
    const tenant = withheldTenant(e);
    return tenant !== null && !elsewhere.has(tenant) && e.epoch === at.epoch && e.sequence > at.sequence;
  });
  if (wanted.length === 0) return events;
  const [first, last] = [wanted[0]!, wanted.at(-1)!];
  const places = new Set(wanted.map((e) => e.sequence));
  const found = new Map<number, IncomingEvent>();
  for (let next = first.sequence; next <= last.sequence;) {
    const reply = await ask(source, { epoch: first.epoch, from: next, to: last.sequence });
    if (!reply.ok) throw new AppError('not_ready', `Region ${source.peer} does not show contents of its events: ${reply.code}`);
    if (reply.through < next) break;
    for (const e of readEvents(source.peer, reply.events)) if (places.has(e.sequence)) found.set(e.sequence, e);
    next = reply.through + 1;
  }
  return events.map((e) => (places.has(e.sequence) ? (found.get(e.sequence) ?? e) : e));
};

/** Asks for what a peer owes of tenants that may be here now (the residency was widened). Returns how many changes came. */
export const fillWithheld = async (source: ContentsSource): Promise<number> => {
  const owed = await withheldBy(source.dataSource, source.peer);
  const elsewhere = await notHeldHere(
    source.dataSource,
    owed.map((o) => o.tenant),
  );
  let taken = 0;
  for (const one of owed) {
    if (elsewhere.has(one.tenant)) continue;
    for (let next = one.first; next <= one.last;) {
      const reply = await ask(source, { epoch: one.epoch, from: next, to: one.last, tenant: one.tenant });
      // Not every origin knows at the same moment that the tenant may be here; it is asked again.
      if (!reply.ok || reply.through < next) break;
      taken += await inTransaction(source.dataSource, async (tx) =>
        takeIn(tx, source, one, readEvents(source.peer, reply.events), reply.through),
      );
      next = reply.through + 1;
    }
  }
  return taken;
};

const takeIn = async (
  tx: Tx,
  source: ContentsSource,
  one: Withheld,
  events: readonly IncomingEvent[],
  through: number,
): Promise<number> => {
  const now = await lockWithheld(tx, one);
  if (!now) return 0;
  // Settled first: what may not be here after all, because the residency has changed again, is noted anew below.
  await settleWithheld(tx, now, through);
  for (const event of events) await takeInOne(tx, source.peer, event, source.tools);
  return events.length;
};

const ask = async ({ link, peer, region }: ContentsSource, request: ContentsRequest) =>
  link.requestJson(geoContents(peer, region), request, ContentsReplySchema, requestMs);
