import { causalHeader } from '@lapidary/contracts/api/collections';
import type { DocumentWrite, WrittenDocuments } from '@lapidary/contracts/api/document-writes';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { executeWrite } from '@lapidary/replication/collections/execute-write';
import { usesRights } from '@lapidary/replication/collections/write-document';
import { Injectable } from '@nestjs/common';
import type { CommandAnswer } from '../http/command-answer.js';
import { CommandRunner, type CommandRequest } from '../http/command-runner.js';
import { causalTokenNow } from './causal-wait.js';
import { CollectionTools } from './collection-tools.js';
import { requireReceivers } from './may-receive.js';
import type { Asked } from './scope.js';
import { scopedCollection } from './scoped-collection.js';
import { openDocuments } from './document-batch.js';
import { readableOrTold } from './unreadable.js';
import { WriteBatch } from './write-batch.js';

/** Writes many documents of a collection in one transaction: all of them, in their order, or none. */
@Injectable()
export class DocumentsWriter {
  constructor(
    private readonly runner: CommandRunner,
    private readonly tools: CollectionTools,
    private readonly clock: HybridLogicalClock,
  ) {}

  async write(
    command: CommandRequest,
    collection: string,
    asked: Asked,
    writes: readonly DocumentWrite[],
  ): Promise<CommandAnswer<WrittenDocuments>> {
    const site = await this.tools.site();
    const allow = async (tx: Tx) => await scopedCollection(tx, collection, asked);
    return await this.runner.runAllowed(command, allow, async (tx, context, { defined, tenant }) => {
      await this.tools.requireEpoch(tx, site, writes.some(usesRights));
      await requireReceivers(tx, tenant, writes);
      const { kind } = defined.definition.policy;
      const keyOf = ({ id }: DocumentWrite) => ({ collection, kind, tenant, id });
      const opened = await readableOrTold(async () => openDocuments(tx, writes.map(keyOf)));
      const batch = new WriteBatch(tx, this.clock, context, opened);
      const events: string[] = [];
      for (const [i, write] of writes.entries()) {
        try {
          const { event } = await readableOrTold(async () => executeWrite(batch, site, keyOf(write), defined, write, context));
          if (event !== null) events.push(event);
        } catch (error) {
          throw named(error, i, write);
        }
      }
      await batch.flush();
      const token = await causalTokenNow(tx, site.region, site.epoch, events.at(-1) ?? null);
      return { status: 200, body: { changed: events.length }, headers: { [causalHeader]: token } };
    });
  }
}

/** Which of many could not be done; none was. */
const named = (error: unknown, i: number, { id }: DocumentWrite): unknown =>
  error instanceof AppError
    ? new AppError(error.code, `writes.${i} (${id}): ${error.message}`, {
        ...(error.internal === undefined ? {} : { internal: error.internal }),
        fields: error.fields,
        details: { ...error.details, write: i, id },
        ...(error.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: error.retryAfterSeconds }),
        cause: error,
      })
    : error;
