import { integerMax } from '@lapidary/db/integer-max';
import type { BackfillReply, BackfillRequest } from '@lapidary/contracts/events/envelope';
import { backfillEventsMax } from '@lapidary/contracts/events/envelope';
import type { AckReply, AckRequest, ContentsReply, ContentsRequest } from '@lapidary/contracts/events/peer-link';
import { ownProtocol, type WireProtocol } from '@lapidary/contracts/wire-protocol';
import { AppError } from '@lapidary/kernel/app-error';
import type { DataSource } from 'typeorm';
import { isTelling, noticeSetBack } from '../fence/notice-set-back.js';
import { contentsBetween, mayBeAt, pieceBetween, readOrigin } from './outbox-rows.js';

/** Events of a range, from the outbox: what the stream lost, or never had, or what a new region begins with (P-GE2). */
export const answerBackfill = async (dataSource: DataSource, request: BackfillRequest): Promise<BackfillReply> => {
  const origin = await readOrigin(dataSource);
  if (request.epoch !== origin.epoch || !(await isTelling(dataSource))) return { ok: false, code: 'epoch_unknown', epoch: origin.epoch };
  const to = Math.min(request.to, origin.sequence);
  const { events, isCut } = await pieceBetween(dataSource, origin, request.from, to, backfillEventsMax);
  // Rows that are missing before `through` were superseded and pruned (prune-outbox.ts); after it, there may be more.
  return { ok: true, events, through: isCut ? events.at(-1)!.originsequence : to };
};

/** What `peer` may have of a range, with contents (I3): answered by the residency as it is known here at this moment. */
export const answerContents = async (dataSource: DataSource, peer: string, request: ContentsRequest): Promise<ContentsReply> => {
  const origin = await readOrigin(dataSource);
  if (request.epoch !== origin.epoch) return { ok: false, code: 'epoch_unknown' };
  if (request.tenant !== undefined && !(await mayBeAt(dataSource, request.tenant, peer))) return { ok: false, code: 'refused' };
  const to = Math.min(request.to, origin.sequence);
  const { events, isCut } = await contentsBetween(dataSource, origin, peer, { ...request, to }, backfillEventsMax);
  return { ok: true, events, through: isCut ? events.at(-1)!.originsequence : to };
};

/**
 * Keeps what a peer says it has applied (retention waits for it) and answers where the origin stands. A request in another region's
 * name is refused: rows that this one lacks would be pruned.
 */
export const answerAck = async (
  dataSource: DataSource,
  peer: string,
  request: AckRequest,
  protocol: WireProtocol = ownProtocol,
): Promise<AckReply> => {
  if (request.peer !== peer) throw new AppError('forbidden', `Region ${peer} may not speak for ${request.peer}`);
  if (request.epoch > integerMax) throw new AppError('invalid_input', 'No region has begun so many epochs');
  await dataSource.query(
    `INSERT INTO peer_ack (peer, epoch, sequence) VALUES ($1, $2, $3)
     ON CONFLICT (peer) DO UPDATE SET epoch = excluded.epoch, sequence = excluded.sequence, told_at = now()`,
    [peer, request.epoch, request.sequence],
  );
  const origin = await readOrigin(dataSource);
  await noticeSetBack(dataSource, peer, request, origin);
  const setBack = (await isTelling(dataSource)) ? {} : { setBack: true };
  return { region: origin.region, epoch: origin.epoch, head: origin.sequence, protocol, ...setBack };
};
