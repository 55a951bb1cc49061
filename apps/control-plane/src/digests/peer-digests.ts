import {
  DomainsAnswerSchema,
  NamesAnswerSchema,
  rowsAtOnceMax,
  RowsAnswerSchema,
  type DigestRow,
  type RowKey,
  type RowsAnswer,
} from '@lapidary/contracts/digest-protocol';
import { geoDigest, geoSketch } from '@lapidary/contracts/subjects';
import { AppError } from '@lapidary/kernel/app-error';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import { BucketTable, type Root } from '@lapidary/replication/digest/bucket-table';
import { elementName, type Element } from '@lapidary/replication/digest/element';
import { Sketch } from '@lapidary/replication/digest/sketch';
import type { KnownEvents } from '@lapidary/replication/digest/vector-cover';
import type { DigestDomain } from './digest-rows.js';

/** A listing of 60,000 elements takes a tenth of a second; over a bad path some more. */
const requestMs = 10_000;
const elementBytes = 8;

/** A peer that answers, but not what was asked: of a newer version, or out of order. */
export const unknownForm = (peer: string): AppError =>
  new AppError('not_ready', `Region ${peer} answers in a form that this version does not know`, { details: { peer, form: 'unknown' } });
/** Else it may not have been heard at all. */
export const isUnknownForm = ({ details }: AppError): boolean => details['form'] === 'unknown';

/** A row that was not asked for would be written over one that nobody looked at: these rows, in this order, all of them unless it is cut. */
const answersTo = (keys: readonly RowKey[], { rows, cut }: RowsAnswer): boolean =>
  (cut ? rows.length <= keys.length : rows.length === keys.length) &&
  rows.every((row, i) => row.tenant === keys[i]!.tenant && row.id === keys[i]!.id);

/** Asks one peer about what it holds. Whatever it answers is checked: it is another region, not this process. */
export class PeerDigests {
  constructor(
    private readonly region: string,
    readonly peer: string,
    private readonly link: NatsLink,
  ) {}

  async domains(): Promise<readonly (DigestDomain & { readonly root: Root })[]> {
    const { domains } = await this.link.requestJson(geoDigest(this.peer, this.region), { want: 'domains' }, DomainsAnswerSchema, requestMs);
    return domains.map(({ rows, sum, ...domain }) => ({ ...domain, root: { rows, sum: BigInt(sum) } }));
  }

  async symbols(domain: DigestDomain, from: number, to: number): Promise<Sketch> {
    const bytes = await this.link.requestBytes(geoSketch(this.peer, this.region), { want: 'symbols', ...domain, from, to }, requestMs);
    const sketch = Sketch.fromBytes(bytes);
    if (sketch?.length !== to - from) throw unknownForm(this.peer);
    return sketch;
  }

  async buckets(domain: DigestDomain): Promise<BucketTable> {
    const table = BucketTable.fromBytes(
      await this.link.requestBytes(geoSketch(this.peer, this.region), { want: 'buckets', ...domain }, requestMs),
    );
    if (!table) throw unknownForm(this.peer);
    return table;
  }

  async elements(domain: DigestDomain, buckets: readonly number[]): Promise<Element[]> {
    const bytes = await this.link.requestBytes(geoSketch(this.peer, this.region), { want: 'elements', ...domain, buckets }, requestMs);
    if (bytes.length % elementBytes !== 0) throw unknownForm(this.peer);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Array.from({ length: bytes.length / elementBytes }, (_, i) => ({
      high: view.getUint32(i * elementBytes),
      low: view.getUint32(i * elementBytes + 4),
    }));
  }

  async names(domain: DigestDomain, elements: readonly Element[]): Promise<RowKey[]> {
    const keys: RowKey[] = [];
    for (let i = 0; i < elements.length; i += rowsAtOnceMax) {
      const names = elements.slice(i, i + rowsAtOnceMax).map(elementName);
      const question = { want: 'names', ...domain, elements: names };
      keys.push(...(await this.link.requestJson(geoDigest(this.peer, this.region), question, NamesAnswerSchema, requestMs)).keys);
    }
    return keys;
  }

  /** Digests of at most `rowsAtOnceMax` rows, and what the peer knew when they were those. */
  async digests(domain: DigestDomain, keys: readonly RowKey[]): Promise<{ known: KnownEvents; rows: readonly DigestRow[] }> {
    return await this.rows(domain, keys, false);
  }

  /** Rows with what they hold, as many as fit an answer from the first key on; at least one where the peer has any. */
  async states(domain: DigestDomain, keys: readonly RowKey[]): Promise<RowsAnswer> {
    return await this.rows(domain, keys, true);
  }

  private async rows(domain: DigestDomain, keys: readonly RowKey[], states: boolean): Promise<RowsAnswer> {
    const question = { want: 'rows', ...domain, keys, states };
    const answer = await this.link.requestJson(geoDigest(this.peer, this.region), question, RowsAnswerSchema, requestMs);
    if (!answersTo(keys, answer)) throw unknownForm(this.peer);
    return answer;
  }
}
