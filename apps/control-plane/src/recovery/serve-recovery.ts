import { RecoveryQuestionSchema } from '@lapidary/contracts/recovery-protocol';
import { geoRecovery } from '@lapidary/contracts/subjects';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import type { DataSource } from 'typeorm';
import { answerRecovery } from './answer-recovery.js';

const queue = 'control-plane';
/** Each reads some hundred rows; the one about the log reads all documents. */
const inFlightMax = 2;

/** Answers peers that were restored. Who asks is what the subject says, which NATS lets no other user use. Returns how to stop. */
export const serveRecovery = (
  nats: NatsLink,
  dataSource: DataSource,
  region: string,
  peers: readonly string[],
  here: { readonly baseDomain: string; readonly tombstoneDays: number },
): (() => void)[] =>
  peers.map((peer) =>
    nats.serveJson(
      geoRecovery(region, peer),
      RecoveryQuestionSchema,
      async (question) => dataSource.transaction('REPEATABLE READ', async (tx) => answerRecovery(tx, peer, question, here)),
      { queue, inFlightMax },
    ),
  );
