import type { RowKey } from '@lapidary/contracts/digest-protocol';
import type { Tx } from '@lapidary/db/transaction';
import type { BucketTable } from '@lapidary/replication/digest/bucket-table';
import { decodeSketch, type SetDifference } from '@lapidary/replication/digest/decode-sketch';
import { bucketCount, elementName, type Element } from '@lapidary/replication/digest/element';
import { keptSymbols, type SetDigest } from '@lapidary/replication/digest/set-digest';
import { Sketch } from '@lapidary/replication/digest/sketch';
import { elementsInBuckets, rowsOfElements } from './document-digests.js';
import { readDigest, type DigestDomain } from './digest-rows.js';
import type { PeerDigests } from './peer-digests.js';

/** 3.9 kB: finds 100 changed rows, and less than that is the rule (`npm run bench:digests`). */
export const firstSymbols = 352;
/** Of one set in one look; what differs beyond is found by the next looks, once these are put right. */
export const differingMax = 5_000;
/** Elements of one listing: 480 kB. */
const listedMax = 60_000;

export interface DifferingRows {
  readonly keys: readonly RowKey[];
  /** More differ than are looked at in one go. */
  readonly more: boolean;
}

/**
 * Rows in which a set here and a peer's may differ: by the sketch in one answer, by the longer sketch in a second, else by buckets.
 * The two sides are of different moments, so these are suspects and no more.
 */
export const differingRows = async (tx: Tx, peer: PeerDigests, domain: DigestDomain): Promise<DifferingRows> => {
  const own = await readDigest(tx, domain);
  const difference = (await bySketch(own, peer, domain)) ?? (await byBuckets(tx, own.buckets, peer, domain));
  const [here, there] = [difference.onlyHere.slice(0, differingMax), difference.onlyThere.slice(0, differingMax)];
  const keys = [...(await rowsOfElements(tx, domain, here)), ...(await peer.names(domain, there))];
  const distinct = new Map(keys.map(({ tenant, id }) => [`${tenant}/${id}`, { tenant, id }]));
  const more = difference.onlyHere.length > here.length || difference.onlyThere.length > there.length || distinct.size > differingMax;
  return { keys: [...distinct.values()].slice(0, differingMax), more };
};

const bySketch = async (own: SetDigest, peer: PeerDigests, domain: DigestDomain): Promise<SetDifference | null> => {
  const first = await peer.symbols(domain, 0, firstSymbols);
  const found = decodeSketch(own.sketch.minus(first));
  if (found) return found;
  const whole = Sketch.fromBytes(Buffer.concat([first.toBytes(), (await peer.symbols(domain, firstSymbols, keptSymbols)).toBytes()]))!;
  return decodeSketch(own.sketch.minus(whole));
};

const byBuckets = async (tx: Tx, own: BucketTable, peer: PeerDigests, domain: DigestDomain): Promise<SetDifference> => {
  const theirs = await peer.buckets(domain);
  const onlyHere: Element[] = [];
  const onlyThere: Element[] = [];
  for (const buckets of portions(own.differing(theirs), (b) => Math.max(own.bucket(b).rows, theirs.bucket(b).rows))) {
    const [mine, yours] = [await elementsInBuckets(tx, domain, buckets), await peer.elements(domain, buckets)];
    const [here, there] = [new Set(mine.map(elementName)), new Set(yours.map(elementName))];
    onlyHere.push(...mine.filter((e) => !there.has(elementName(e))));
    onlyThere.push(...yours.filter((e) => !here.has(elementName(e))));
    if (onlyHere.length > differingMax || onlyThere.length > differingMax) break;
  }
  return { onlyHere, onlyThere };
};

/** In order, as many together as one listing holds. */
const portions = (buckets: readonly number[], rowsIn: (bucket: number) => number): number[][] => {
  const list: number[][] = [];
  let rows = Infinity;
  for (const bucket of buckets.slice(0, bucketCount)) {
    rows += rowsIn(bucket);
    if (rows > listedMax) {
      list.push([]);
      rows = rowsIn(bucket);
    }
    list.at(-1)!.push(bucket);
  }
  return list;
};
