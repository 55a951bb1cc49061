import {
  FleetBucketsAnswerSchema,
  FleetLooksAnswerSchema,
  FleetRowsAnswerSchema,
  FleetSumsAnswerSchema,
  type FleetLooksAnswer,
  type FleetQuestion,
  type FleetSum,
  type FleetTable,
} from '@lapidary/contracts/fleet-protocol';
import { geoDigest } from '@lapidary/contracts/subjects';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import type { z } from 'zod';
import { unknownForm } from './peer-digests.js';

/** Sums are kept, but for what was touched lately; where they are made anew, 100,000 tenants take the peer a second. */
const requestMs = 10_000;

/** Asks one peer what it tells of its own stamps and tenants, and of definitions. Whatever it answers is checked: it is another region. */
export class PeerFleet {
  constructor(
    private readonly region: string,
    readonly peer: string,
    private readonly link: NatsLink,
  ) {}

  async sums(): Promise<ReadonlyMap<FleetTable, FleetSum>> {
    const { sums } = await this.ask({ want: 'fleet-sums', contested: true }, FleetSumsAnswerSchema);
    return new Map(sums.map(({ table, rows, sum }) => [table, { rows, sum }]));
  }

  async buckets(table: FleetTable): Promise<readonly (FleetSum & { readonly bucket: number })[]> {
    return (await this.ask({ want: 'fleet-buckets', table, contested: true }, FleetBucketsAnswerSchema)).buckets;
  }

  async rows(table: FleetTable, buckets: readonly number[]): Promise<z.infer<typeof FleetRowsAnswerSchema>> {
    return await this.ask({ want: 'fleet-rows', table, buckets: [...buckets], contested: true }, FleetRowsAnswerSchema);
  }

  /** These rows and no others, in this order; throws `not_ready` where the answer is of others. */
  async looks(table: FleetTable, keys: readonly string[], options: { readonly views: boolean }): Promise<FleetLooksAnswer> {
    const answer = await this.ask({ want: 'fleet-looks', table, keys: [...keys], ...options }, FleetLooksAnswerSchema);
    const isWhole = answer.cut ? answer.looks.length <= keys.length : answer.looks.length === keys.length;
    if (isWhole && answer.looks.every((look, i) => look.key === keys[i])) return answer;
    throw unknownForm(this.peer);
  }

  private async ask<T>(question: FleetQuestion, schema: z.ZodType<T>): Promise<T> {
    return await this.link.requestJson(geoDigest(this.peer, this.region), question, schema, requestMs);
  }
}
