import type { RowKey } from '@lapidary/contracts/digest-protocol';
import type { Reader } from '@lapidary/db/transaction';
import type { BucketTable } from '@lapidary/replication/digest/bucket-table';
import { decodeSketch, type SetDifference } from '@lapidary/replication/digest/decode-sketch';
import { bucketOfElement, elementName, type Element } from '@lapidary/replication/digest/element';
import { keptSymbols, type SetDigest } from '@lapidary/replication/digest/set-digest';
import { Sketch } from '@lapidary/replication/digest/sketch';
import type { DataSource } from 'typeorm';
import { elementsInBuckets, rowsOfElements } from './document-digests.js';
import { readDigest, type DigestDomain } from './digest-rows.js';
import type { PeerDigests } from './peer-digests.js';
import type { PlantedDocument } from './planted-document.js';
import { portions } from './portions.js';

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
  /** How many differed and had changed again before it was asked which they are: nothing is known of these, not even their names. */
  readonly moved: number;
  /** What was planted is among what only this region has. */
  readonly isPlantedFound: boolean;
}

/**
 * Rows in which a set here and a peer's may differ: by the sketch in one answer, by the longer sketch in a second, else by buckets.
 * The two sides are of different moments, and so is what is read here before and after an answer: these are suspects and no more. No
 * transaction is open while the peer is waited for. `planted`: this set as it is with a document that was taken back since.
 */
export const differingRows = async (
  dataSource: DataSource,
  peer: PeerDigests,
  domain: DigestDomain,
  planted: PlantedDocument | null = null,
): Promise<DifferingRows> => {
  const own = planted?.set ?? (await dataSource.transaction('REPEATABLE READ', async (tx) => readDigest(tx, domain)));
  const difference = (await bySketch(own, peer, domain)) ?? (await byBuckets(dataSource, own.buckets, peer, domain, planted));
  const isPlanted = (element: Element): boolean => planted !== null && elementName(element) === elementName(planted.element);
  const isPlantedFound = difference.onlyHere.some(isPlanted);
  const onlyHere = difference.onlyHere.filter((e) => !isPlanted(e));
  const [here, there] = [onlyHere.slice(0, differingMax), difference.onlyThere.slice(0, differingMax)];
  const [mine, yours] = [await rowsOfElements(dataSource, domain, here), await peer.names(domain, there)];
  const keys = [...mine, ...yours];
  const distinct = new Map(keys.map(({ tenant, id }) => [`${tenant}/${id}`, { tenant, id }]));
  const more = onlyHere.length > here.length || difference.onlyThere.length > there.length || distinct.size > differingMax;
  const moved = Math.max(0, here.length - mine.length) + Math.max(0, there.length - yours.length);
  return { keys: [...distinct.values()].slice(0, differingMax), more, moved, isPlantedFound };
};

const bySketch = async (own: SetDigest, peer: PeerDigests, domain: DigestDomain): Promise<SetDifference | null> => {
  const first = await peer.symbols(domain, 0, firstSymbols);
  const found = decodeSketch(own.sketch.minus(first));
  if (found) return found;
  const whole = Sketch.fromBytes(Buffer.concat([first.toBytes(), (await peer.symbols(domain, firstSymbols, keptSymbols)).toBytes()]))!;
  return decodeSketch(own.sketch.minus(whole));
};

const byBuckets = async (
  reader: Reader,
  own: BucketTable,
  peer: PeerDigests,
  domain: DigestDomain,
  planted: PlantedDocument | null,
): Promise<SetDifference> => {
  const theirs = await peer.buckets(domain);
  const onlyHere: Element[] = [];
  const onlyThere: Element[] = [];
  for (const buckets of portions(own.differing(theirs), (b) => Math.max(own.bucket(b).rows, theirs.bucket(b).rows), listedMax)) {
    const [mine, yours] = [await elementsInBuckets(reader, domain, buckets), await peer.elements(domain, buckets)];
    if (planted && buckets.includes(bucketOfElement(planted.element))) mine.push(planted.element);
    const [here, there] = [new Set(mine.map(elementName)), new Set(yours.map(elementName))];
    onlyHere.push(...mine.filter((e) => !there.has(elementName(e))));
    onlyThere.push(...yours.filter((e) => !here.has(elementName(e))));
    if (onlyHere.length > differingMax || onlyThere.length > differingMax) break;
  }
  return { onlyHere, onlyThere };
};
