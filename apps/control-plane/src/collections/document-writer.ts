import { causalHeader, type DocumentView } from '@lapidary/contracts/api/collections';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { digestOfState } from '@lapidary/replication/collections/document-state';
import { executeWrite } from '@lapidary/replication/collections/execute-write';
import { usesRights, type WriteCommand } from '@lapidary/replication/collections/write-document';
import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { CommandAnswer } from '../http/command-answer.js';
import { CommandRunner, type CommandRequest } from '../http/command-runner.js';
import { causalTokenNow } from './causal-wait.js';
import { CollectionTools } from './collection-tools.js';
import { documentEtag, documentViewOf, readDocument } from './document-row.js';
import { requireReceivers } from './may-receive.js';
import { PostgresCollections } from './postgres-collections.js';
import type { Asked } from './scope.js';
import { scopedCollection } from './scoped-collection.js';
import { readableOrTold } from './unreadable.js';

export interface WriteTarget {
  readonly collection: string;
  readonly id: string;
  readonly asked: Asked;
}

/** Writes documents: scope, precondition, merge, ledger, event and answer in the command's one transaction. */
@Injectable()
export class DocumentWriter {
  constructor(
    private readonly runner: CommandRunner,
    private readonly tools: CollectionTools,
    private readonly clock: HybridLogicalClock,
  ) {}

  async write(
    command: CommandRequest,
    request: FastifyRequest,
    target: WriteTarget,
    write: WriteCommand,
  ): Promise<CommandAnswer<DocumentView>> {
    const { collection, id, asked } = target;
    const site = await this.tools.site();
    const ifMatch = request.headers['if-match'];
    const ifNoneMatch = request.headers['if-none-match'];
    const allow = async (tx: Tx) => await scopedCollection(tx, collection, asked);
    return await this.runner.runAllowed(command, allow, async (tx, context, { defined, tenant }) => {
      await this.tools.requireEpoch(tx, site, usesRights(write));
      await requireReceivers(tx, tenant, [write]);
      const { policy } = defined.definition;
      const key = { collection, kind: policy.kind, tenant, id };
      const store = new PostgresCollections(tx, this.clock, context);
      const { stored, event } = await readableOrTold(async () =>
        executeWrite(store, site, key, defined, write, context, (digest) => requireEtag(ifMatch, ifNoneMatch, digest)),
      );
      const row = await readDocument(tx, key);
      const digest = digestOfState(stored.state);
      const view = documentViewOf(
        collection,
        row ?? { id, tenant, state: stored.state, digest, conflicts: 0, history: null, updated_at: new Date() },
        policy,
      );
      const token = await causalTokenNow(tx, site.region, site.epoch, event ?? row?.own_event ?? null);
      return { status: 200, body: view, headers: { etag: view.etag, [causalHeader]: token } };
    });
  }
}

/** If-Match goes by what the document is, so that a tag of one region holds in another that knows the same writes. */
const requireEtag = (ifMatch: string | undefined, ifNoneMatch: string | undefined, digest: string | null): void => {
  const present = digest === null ? null : documentEtag(digest);
  if (ifNoneMatch?.trim() === '*' && present !== null)
    throw new AppError('version_conflict', 'It is there already; If-None-Match asked that it be not');
  if (ifMatch === undefined) return;
  const wanted = ifMatch.split(',').map((tag) => tag.trim());
  if (present !== null && (wanted.includes('*') || wanted.includes(present))) return;
  throw new AppError(
    'version_conflict',
    present === null ? 'It is not there' : `It is ${present}; If-Match asked for ${ifMatch.slice(0, 100)}`,
  );
};
