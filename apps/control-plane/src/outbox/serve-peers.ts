import { BackfillRequestSchema } from '@lapidary/contracts/events/envelope';
import { AckRequestSchema, ContentsRequestSchema } from '@lapidary/contracts/events/peer-link';
import { geoAck, geoBackfill, geoContents } from '@lapidary/contracts/subjects';
import { ownProtocol, type WireProtocol } from '@lapidary/contracts/wire-protocol';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import type { DataSource } from 'typeorm';
import { answerAck, answerBackfill, answerContents } from './backfill.js';

const queue = 'control-plane';

/**
 * Answers each peer on subjects of its own. Who asks is what the subject says, which NATS lets no other user use (nats-roles.ts): what
 * a request says of itself is never believed (I3). Returns how to stop.
 */
export const servePeers = (
  nats: NatsLink,
  dataSource: DataSource,
  region: string,
  peers: readonly string[],
  onBackfilled: (events: number) => void,
  protocol: WireProtocol = ownProtocol,
): (() => void)[] =>
  peers.flatMap((peer) => [
    nats.serveJson(
      geoBackfill(region, peer),
      BackfillRequestSchema,
      async (request) => {
        const reply = await answerBackfill(dataSource, request);
        if (reply.ok) onBackfilled(reply.events.length);
        return reply;
      },
      { queue, alike: true },
    ),
    nats.serveJson(geoAck(region, peer), AckRequestSchema, async (request) => answerAck(dataSource, peer, request, protocol), {
      queue,
    }),
    nats.serveJson(geoContents(region, peer), ContentsRequestSchema, async (request) => answerContents(dataSource, peer, request), {
      queue,
      alike: true,
    }),
  ]);
