import { HeldPageSchema, KnownLogSchema, type KnownLog } from '@lapidary/contracts/recovery-protocol';
import { geoRecovery } from '@lapidary/contracts/subjects';
import { inTransaction, type Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import { hasCaughtUp } from '@lapidary/replication/recovery/reconcile-rules';
import type { Register } from '@lapidary/replication/merge/register';
import type { Logger } from '@lapidary/telemetry/logger';
import type { DataSource } from 'typeorm';
import { PeerDigests } from '../digests/peer-digests.js';
import { passFence } from '../fence/recovery-rows.js';
import type { ApplyTools } from '../replication/apply-tenant.js';
import { readPosition } from '../replication/peer-position.js';
import {
  HeldDefinitionSchema,
  HeldStampSchema,
  HeldTenantSchema,
  recoverDefinition,
  recoverStamp,
  recoverTenant,
} from './recover-fleet.js';
import { heldPages, type AskHeld } from './held-pages.js';
import { recoverDocuments } from './recover-documents.js';
import { recoverLedger } from './recover-ledger.js';
import { noteReconciled } from './recovery-progress.js';

export interface RecoveryTools {
  readonly region: string;
  readonly peers: readonly string[];
  readonly baseDomain: string;
  /** How long this region remembers what was deleted (LAPIDARY_TOMBSTONE_DAYS). */
  readonly tombstoneDays: number;
  readonly dataSource: DataSource;
  readonly clock: HybridLogicalClock;
  readonly apply: ApplyTools;
  readonly linkTo: (peer: string) => NatsLink | undefined;
  readonly logger: Logger;
}

/** The question about the log looks through all documents of the peer once. */
const requestMs = 15_000;

const linkOf = (tools: RecoveryTools, peer: string): NatsLink => {
  const link = tools.linkTo(peer);
  if (!link?.isConnected) throw new AppError('region_unreachable', `Region ${peer} can’t be reached`);
  return link;
};

export const askLog = async (tools: RecoveryTools, peer: string): Promise<KnownLog> =>
  await linkOf(tools, peer).requestJson(geoRecovery(peer, tools.region), { want: 'log' }, KnownLogSchema, requestMs);

const askHeld =
  (tools: RecoveryTools, peer: string): AskHeld =>
  async (question) =>
    await linkOf(tools, peer).requestJson(geoRecovery(peer, tools.region), question, HeldPageSchema, requestMs);

/** Everything that a peer holds of a kind, an item at a time, each taken in in a transaction of its own. */
const eachHeld = async (
  tools: RecoveryTools,
  peer: string,
  want: 'stamps' | 'tenants' | 'definitions',
  take: (tx: Tx, item: unknown) => Promise<void>,
): Promise<void> => {
  for await (const items of heldPages(askHeld(tools, peer), want))
    for (const item of items)
      await inTransaction(tools.dataSource, async (tx) => {
        await passFence(tx);
        await take(tx, item);
      });
};

/**
 * B3: fetches back what a peer holds of this region. First what only this region may write, then, once all that the peer has told itself is
 * here, the documents that still differ. Any of it may be done again: a crash begins with the peer anew. False where its log is not here yet.
 */
export const reconcilePeer = async (tools: RecoveryTools, peer: string, known: KnownLog): Promise<boolean> => {
  const { dataSource, apply, region } = tools;
  const at = await readPosition(dataSource, peer);
  await eachHeld(tools, peer, 'stamps', async (tx, item) => recoverStamp(tx, region, HeldStampSchema.parse(item)));
  await eachHeld(tools, peer, 'tenants', async (tx, item) => {
    await recoverTenant(tx, apply, HeldTenantSchema.parse(item));
  });
  if (!hasCaughtUp(at, known.own, known.setBack)) return false;
  // They are in no digest until then, and would be in one region alone.
  if ((known.held ?? 0) > 0) throw new AppError('not_ready', `${known.held} changes of this region wait in ${peer} for their time`);
  await eachHeld(tools, peer, 'definitions', async (tx, item) => {
    // As it came: validation would drop what a newer version has added (P-SC1).
    const { collection } = HeldDefinitionSchema.parse(item);
    await recoverDefinition(tx, apply, collection, (item as { readonly definition: Register }).definition);
  });
  // An older version, which does not answer about its ledger, must not hold a recovery up.
  const losses = known.ledger === true ? await recoverLedger(dataSource, askHeld(tools, peer)) : 0;
  const documents = await recoverDocuments(dataSource, apply, new PeerDigests(region, peer, linkOf(tools, peer)));
  await noteReconciled(dataSource, peer);
  tools.logger.warn(
    { peer, documents, losses, sequence: known.sequence, epoch: known.epoch },
    'what the peer holds of this region is here',
  );
  return true;
};
