import type { SketchQuestion } from '@lapidary/contracts/digest-protocol';
import type { PeerDigestQuestion } from '@lapidary/contracts/fleet-protocol';
import type { Reader } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { bucketCount, elementNamed } from '@lapidary/replication/digest/element';
import { fleetRoot } from '@lapidary/replication/digest/fleet-root';
import { keptSymbols } from '@lapidary/replication/digest/set-digest';
import { answerBytesMax, fittingAnswer } from '@lapidary/messaging/fitting-answer';
import type { DataSource } from 'typeorm';
import { answerFleet, isOfFleet } from './answer-fleet.js';
import { elementsInBuckets, readRows, rowsOfElements } from './document-digests.js';
import { readDigest, type DigestDomain } from './digest-rows.js';
import { readApart, readKnown } from './known-events.js';
import { mayHave, sharedRoots } from './shared-roots.js';

const elementBytes = 8;

/** What a peer asks about rows. Digests and what was known are of one view, else nothing could be concluded from them (D1). */
export const answerDigest = async (dataSource: DataSource, peer: string, question: PeerDigestQuestion): Promise<unknown> =>
  await dataSource.transaction('REPEATABLE READ', async (tx) => {
    if (isOfFleet(question)) return await answerFleet(tx, question);
    if ('collection' in question) await refuse(tx, peer, question);
    switch (question.want) {
      case 'root':
        return { root: fleetRoot(await sharedRoots(tx, peer)) };
      case 'domains': {
        const domains = await sharedRoots(tx, peer);
        return { domains: domains.map(({ root, ...domain }) => ({ ...domain, rows: root.rows, sum: String(root.sum) })) };
      }
      case 'names':
        return {
          keys: await rowsOfElements(
            tx,
            question,
            question.elements.flatMap((name) => elementNamed(name) ?? []),
          ),
        };
      case 'rows': {
        const known = await readKnown(tx);
        const rows = await readRows(tx, question, question.keys, question);
        const fit = fittingAnswer(rows);
        return { known, apart: await readApart(tx), rows: fit, cut: fit.length < rows.length };
      }
    }
  });

/** I3: what a region may not have, it is not told, not even in digests. */
const refuse = async (reader: Reader, peer: string, domain: DigestDomain): Promise<void> => {
  if (!(await mayHave(reader, peer))(domain)) throw new AppError('residency_conflict', `Region ${peer} may not have these documents`);
};

/** What a peer asks about a set as a whole, in bytes. */
export const answerSketch = async (dataSource: DataSource, peer: string, question: SketchQuestion): Promise<Uint8Array> => {
  await refuse(dataSource, peer, question);
  if (question.want === 'elements') {
    if (question.buckets.some((bucket) => bucket >= bucketCount))
      throw new AppError('invalid_input', `There are buckets 0 to ${bucketCount - 1}`);
    const elements = await elementsInBuckets(dataSource, question, question.buckets);
    const bytes = new DataView(new ArrayBuffer(elements.length * elementBytes));
    if (bytes.byteLength > answerBytesMax) throw new AppError('body_too_large', 'These buckets hold more elements than one message does');
    elements.forEach(({ high, low }, i) => {
      bytes.setUint32(i * elementBytes, high);
      bytes.setUint32(i * elementBytes + 4, low);
    });
    return new Uint8Array(bytes.buffer);
  }
  const digest = await dataSource.transaction('REPEATABLE READ', async (tx) => readDigest(tx, question));
  if (question.want === 'buckets') return digest.buckets.toBytes();
  if (question.to > keptSymbols || question.from >= question.to)
    throw new AppError('invalid_input', `Symbols 0 to ${keptSymbols} are kept`);
  return digest.sketch.toBytes(question.from, question.to);
};
