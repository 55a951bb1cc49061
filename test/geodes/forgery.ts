import { z } from 'zod';
import { EventEnvelopeSchema, type EventEnvelope } from '@lapidary/contracts/events/envelope';
import { apiForward, geoAck, geoEvents, geoStream } from '@lapidary/contracts/subjects';
import { newId } from '@lapidary/kernel/ids';
import { waitFor } from '@lapidary/kernel/wait-for';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import { packEvents, unpackBatch } from '@lapidary/messaging/packed-batch';
import { saidInStream } from '@lapidary/messaging/peer-seal';
import { newRegionKey, RegionKeys } from '@lapidary/messaging/region-keys';
import { lastPublished, publishToStream } from '@lapidary/messaging/streams';

const answerMs = 10_000;

/** The event of an order, as it is in the region's stream. */
const orderIn = async (link: NatsLink, region: string, id: string): Promise<EventEnvelope> =>
  await waitFor(
    `order ${id} in the stream`,
    async () => {
      const message = await lastPublished(link, geoStream(region), geoEvents(region));
      const events = message ? z.array(EventEnvelopeSchema).parse(unpackBatch(message.data)) : [];
      return events.find(({ subject }) => subject === `document/orders//${id}`);
    },
    { timeoutMs: 60_000 },
  );

/**
 * What somebody does who has the password of a region's `control` user: tells another order in the place of the region's next event, unsigned as
 * the relay would name it, and under a key of its own with the name of the true one. `link`: to that region's NATS, with the password.
 */
export const forgeOrder = async (link: NatsLink, region: string, after: string, forged: string, kid: string): Promise<void> => {
  const genuine = await orderIn(link, region, after);
  const event = {
    ...genuine,
    id: newId(),
    originsequence: genuine.originsequence + 1,
    subject: `document/orders//${forged}`,
    data: { ...genuine.data, id: forged },
  };
  const [batch] = await packEvents([event]);
  const subject = geoEvents(region);
  const place = `${region}:${event.originepoch}:${event.originsequence}-${event.originsequence}`;
  await publishToStream(link, subject, batch!.packed, place);
  const thief = new RegionKeys(region, { keys: [newRegionKey(kid).own] });
  await publishToStream(link, subject, batch!.packed, newId(), thief.sign(saidInStream(subject), batch!.packed));
};

/** Greets a region in a peer's name, as one that knows a billion events more, and commands it as that peer's administrator. Returns how both were refused. */
export const forgeRequests = async (link: NatsLink, region: string, peer: string, tenant: string): Promise<string[]> => {
  const greeting = { peer, epoch: 1, sequence: 1e9, last: { sequence: 1e9, event: newId() } };
  const command = {
    from: peer,
    method: 'POST',
    url: '/v1/tenants',
    headers: { 'content-type': 'application/json', 'idempotency-key': newId() },
    body: JSON.stringify({ id: tenant, region }),
    principal: { actor: `${peer}/token:admin`, grants: [{ role: 'admin', region: '*' }] },
  };
  const refusals: string[] = [];
  for (const [subject, body] of [
    [geoAck(region, peer), greeting],
    [apiForward(region, peer), command],
  ] as const)
    refusals.push(
      await link.requestJson(subject, body, z.unknown(), answerMs).then(
        (answer) => `answered ${JSON.stringify(answer)}`,
        (error: unknown) => String(error),
      ),
    );
  return refusals;
};
