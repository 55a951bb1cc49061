import type { NatsLink } from '@lapidary/messaging/nats-link';
import { toAppError } from '@lapidary/kernel/app-error';
import { isFenced } from '@lapidary/replication/recovery/recovery-states';
import { noticeSetBack } from '../fence/notice-set-back.js';
import { readRecovery } from '../fence/recovery-rows.js';
import { readOrigin } from '../outbox/outbox-rows.js';
import { askLog, type RecoveryTools } from './reconcile-peer.js';

/** A peer that lives answers within milliseconds. One that does not must not keep a region from starting alone (P-GE6). */
const waitDefaultMs = 2_000;

/**
 * Before anything is written: asks every other region that can be reached how far it knows this one's log. A disk that was set back together with
 * its event stream shows in nothing else, and whatever was written until the first of them happens to say so would be told twice (B1, B2).
 */
export const askAtStart = async (tools: RecoveryTools, waitMs: number = waitDefaultMs): Promise<void> => {
  const { dataSource, peers, logger, linkTo } = tools;
  if (isFenced((await readRecovery(dataSource)).state)) return;
  const ending = AbortSignal.timeout(waitMs);
  await Promise.all(
    peers.map(async (peer) => {
      try {
        if (!(await comesUp(linkTo(peer), ending))) return;
        const known = await Promise.race([askLog(tools, peer), ended(ending)]);
        if (known !== null) await noticeSetBack(dataSource, peer, known, await readOrigin(dataSource));
      } catch (error) {
        logger.debug({ peer, why: toAppError(error).message }, 'the peer does not say at the start how far it knows this region’s log');
      }
    }),
  );
};

const ended = async (signal: AbortSignal): Promise<null> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(null);
    else signal.addEventListener('abort', () => resolve(null), { once: true });
  });

/** Whether a link is connected before the time is up. */
const comesUp = async (link: NatsLink | undefined, ending: AbortSignal): Promise<boolean> => {
  if (!link) return false;
  let stop = (): void => undefined;
  const up = new Promise<true>((resolve) => {
    stop = link.onConnected(() => resolve(true));
  });
  const isUp = await Promise.race([up, ended(ending)]);
  stop();
  return isUp === true;
};
