import { RootAnswerSchema } from '@lapidary/contracts/digest-protocol';
import { AckReplySchema, type AckReply } from '@lapidary/contracts/events/peer-link';
import { geoAck, geoDigest } from '@lapidary/contracts/subjects';
import { agreedProtocol, ownProtocol, protocolMismatch, unsaidProtocol, type WireProtocol } from '@lapidary/contracts/wire-protocol';
import { AppError } from '@lapidary/kernel/app-error';
import type { Position } from '@lapidary/replication/version-vector';
import { notePeerRoot } from '../digests/peer-root.js';
import { adoptEpoch, lastTakenIn, noteConfirmed, noteProtocol, noteReturned, noteSetBack, readPosition } from './peer-position.js';
import type { SessionOptions } from './session-options.js';

/** An outbox answers a question in milliseconds. */
const requestMs = 3_000;

/** What a reader and the origin tell each other of where they stand. */
export class PeerGreeting {
  constructor(private readonly options: SessionOptions) {}

  /** Tells the peer how far we are, follows its epoch, and returns where it stands. */
  async greet(): Promise<AckReply & { readonly at: number }> {
    const { dataSource, peer, metrics } = this.options;
    const before = await readPosition(dataSource, peer);
    const reply = await this.acknowledge(before);
    if (reply.region !== peer) {
      throw new AppError('config_invalid', `The NATS server configured for ${peer} is that of ${reply.region}`);
    }
    if (before.fenced) {
      await noteReturned(dataSource, peer);
      throw new AppError('region_given_up', `Region ${peer} is heard, which was given up as lost for good: nothing of it is taken in`);
    }
    const protocol = reply.protocol ?? unsaidProtocol;
    await this.agree(protocol);
    await this.refuseSetBack(before, reply, protocol);
    if (reply.epoch > before.epoch) await adoptEpoch(dataSource, peer, reply.epoch);
    await noteConfirmed(dataSource, peer, reply, protocol);
    const at = reply.epoch > before.epoch ? 0 : before.sequence;
    metrics.lapidary_replication_behind.set({ peer }, Math.max(0, reply.head - at));
    return { ...reply, at };
  }

  /** Nothing is taken from a peer of another protocol: its events wait in its outbox until one of the two is rolled out. */
  private async agree(theirs: WireProtocol): Promise<void> {
    const { dataSource, peer, region, protocol: own = ownProtocol } = this.options;
    if (agreedProtocol(own, theirs) !== null) return;
    await noteProtocol(dataSource, peer, theirs);
    throw new AppError('protocol_unsupported', protocolMismatch(region, own, peer, theirs));
  }

  /** B2: nothing is taken from an origin that was restored, until it begins another epoch; its own word, or less of its log than is here. */
  private async refuseSetBack(at: Position, reply: AckReply, theirs: WireProtocol): Promise<void> {
    const { dataSource, peer, metrics, logger } = this.options;
    const isSetBack = reply.setBack === true || reply.epoch < at.epoch || (reply.epoch === at.epoch && reply.head < at.sequence);
    metrics.lapidary_replication_set_back.set({ peer }, isSetBack ? 1 : 0);
    if (!isSetBack) return;
    await noteProtocol(dataSource, peer, theirs);
    await noteSetBack(dataSource, peer, reply);
    logger.warn({ peer, epoch: reply.epoch, head: reply.head, known: at }, 'the peer was restored from a backup; nothing is taken from it');
    throw new AppError('region_restored', `Region ${peer} was restored from a backup, and has not begun a new epoch yet`);
  }

  /** An older version does not answer, and a busy one later: what stands is kept then, with its age. */
  async compareRoots(): Promise<void> {
    const { dataSource, link, peer, region, logger } = this.options;
    try {
      const { root } = await link.requestJson(geoDigest(peer, region), { want: 'root' }, RootAnswerSchema, requestMs, { short: true });
      await notePeerRoot(dataSource, peer, root);
    } catch (error) {
      logger.debug({ err: error, peer }, 'the peer tells no digest');
    }
  }

  /** Whether the origin can have told this: asked after it came, since a number is given before an event is published. */
  async hasTold({ epoch, sequence }: Position): Promise<boolean> {
    const { dataSource, peer } = this.options;
    const origin = await this.acknowledge(await readPosition(dataSource, peer));
    return epoch < origin.epoch || (epoch === origin.epoch && sequence <= origin.head);
  }

  private async acknowledge({ epoch, sequence }: Position): Promise<AckReply> {
    const { link, peer, region, dataSource } = this.options;
    const protocol = this.options.protocol ?? ownProtocol;
    const last = await lastTakenIn(dataSource, peer, epoch);
    const request = { peer: region, epoch, sequence, protocol, ...(last ? { last } : {}) };
    return await link.requestJson(geoAck(peer, region), request, AckReplySchema, requestMs, { short: true });
  }
}
