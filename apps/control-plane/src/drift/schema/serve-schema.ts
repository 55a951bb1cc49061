import { SchemaAnswerSchema, SchemaQuestionSchema, type SchemaAnswer } from '@lapidary/contracts/schema-protocol';
import { geoSchema } from '@lapidary/contracts/subjects';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import type { DataSource } from 'typeorm';
import { readOwnSchema } from './own-schema.js';

/** Reading the catalogue takes some 20 ms. */
const answerMs = 10_000;
const responders = 'control-plane';

/** Answers each peer which schemas this region has; any replica does. Returns how to stop. */
export const serveSchema = (nats: NatsLink, dataSource: DataSource, region: string, peers: readonly string[]): (() => void) => {
  const stops = peers.map((peer) =>
    nats.serveJson(geoSchema(region, peer), SchemaQuestionSchema, async () => readOwnSchema(dataSource), {
      queue: responders,
      inFlightMax: 1,
    }),
  );
  return () => stops.forEach((stop) => stop());
};

export const askSchema = async (link: NatsLink, region: string, peer: string): Promise<SchemaAnswer> =>
  await link.requestJson(geoSchema(peer, region), { want: 'schemas' }, SchemaAnswerSchema, answerMs);
