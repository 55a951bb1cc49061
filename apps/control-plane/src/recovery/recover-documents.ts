import { rowsAtOnceMax, type RowKey, type RowsAnswer } from '@lapidary/contracts/digest-protocol';
import { inTransaction, type Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { DataSource } from 'typeorm';
import { differingRows } from '../digests/differing-rows.js';
import type { DigestDomain } from '../digests/digest-rows.js';
import type { PeerDigests } from '../digests/peer-digests.js';
import { noteApart } from '../digests/known-events.js';
import { repairRow } from '../digests/repair-row.js';
import { mayHave } from '../digests/shared-roots.js';
import { passFence, recoveryContext } from '../fence/recovery-rows.js';
import type { ApplyTools } from '../replication/apply-tenant.js';
import { noteFound } from './recovery-progress.js';

/** Each round merges what the sketches found; what differs beyond that is found by the next. */
const roundsMax = 1_000;

/**
 * Merges all documents of a peer that are not here as they are there: what this region wrote and has forgotten is in them (B3). After its own
 * log was taken in, nothing else differs but what is here alone. Returns how many were merged; throws `not_ready` where one can't be judged yet.
 */
export const recoverDocuments = async (dataSource: DataSource, tools: ApplyTools, peer: PeerDigests): Promise<number> => {
  let merged = 0;
  for (let round = 0; round < roundsMax; round++) {
    let [fresh, held] = [0, 0];
    for (const { domain, keys } of await differing(dataSource, peer)) {
      for (let at = 0; at < keys.length;) {
        const answer = await peer.states(domain, keys.slice(at, at + rowsAtOnceMax));
        if (answer.rows.length === 0) break;
        at += answer.rows.length;
        for (const row of answer.rows) {
          if (row.held) held++;
          else if (row.digest !== null && (await mergeOne(dataSource, tools, peer.peer, domain, answer, row))) fresh++;
        }
      }
    }
    merged += fresh;
    if (fresh > 0) continue;
    if (held > 0) throw new AppError('not_ready', `${held} documents are being changed in ${peer.peer}, or wait there for something`);
    return merged;
  }
  throw new AppError('not_ready', `Documents of ${peer.peer} still differ`);
};

const differing = async (
  dataSource: DataSource,
  peer: PeerDigests,
): Promise<{ readonly domain: DigestDomain; readonly keys: readonly RowKey[] }[]> => {
  const isShared = await mayHave(dataSource, peer.peer);
  const found = [];
  for (const { collection, kind, audience } of (await peer.domains()).filter(isShared)) {
    const domain = { collection, kind, audience };
    found.push({ domain, keys: (await differingRows(dataSource, peer, domain)).keys });
  }
  return found;
};

type Row = Parameters<typeof repairRow>[5];

const mergeOne = async (
  dataSource: DataSource,
  tools: ApplyTools,
  peer: string,
  domain: DigestDomain,
  answer: RowsAnswer,
  row: Row,
): Promise<boolean> =>
  await inTransaction(dataSource, async (tx: Tx) => {
    await passFence(tx);
    const context = recoveryContext(tools.region);
    const { outcome, why } = await repairRow(tx, tools.collections, context, peer, domain, row, false);
    if (outcome === 'refused') throw new AppError('not_ready', `Document ${row.id} of ${domain.collection} in ${peer}: ${why}`);
    if (outcome === 'unchanged') return false;
    await noteApart(tx, answer);
    await noteFound(tx, { what: 'document', key: [domain.collection, domain.kind, row.tenant, row.id] });
    return true;
  });
