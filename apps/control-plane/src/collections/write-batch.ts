import type { EventData } from '@lapidary/contracts/events/registry';
import type { Tx } from '@lapidary/db/transaction';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { newId } from '@lapidary/kernel/ids';
import type { CollectionEvent } from '@lapidary/replication/collections/collection-store';
import type { CommandContext } from '../http/command-context.js';
import { recordEvents, type EventToRecord } from '../outbox/record-events.js';
import { DocumentBatch, type OpenedDocuments } from './document-batch.js';

/**
 * Documents that many writes of one request change: as DocumentBatch, and told at once, too. What PostgresCollections does write by write takes
 * as many statements for all of them, and leaves the same behind.
 */
export class WriteBatch extends DocumentBatch {
  private readonly events: EventToRecord[] = [];

  constructor(
    tx: Tx,
    clock: HybridLogicalClock,
    private readonly context: CommandContext,
    opened: OpenedDocuments,
  ) {
    super(tx, context.region, clock, opened);
  }

  /** Recorded with the others, in the order in which they are told. */
  override tell<T extends CollectionEvent>(type: T, subject: string, data: EventData<T>): Promise<string> {
    const id = newId();
    this.events.push({ id, hlc: this.clock.tick(), type, subject, data });
    return Promise.resolve(id);
  }

  override async flush(): Promise<ReadonlyMap<string, number>> {
    await recordEvents(this.tx, this.context, this.events);
    return await super.flush();
  }
}
