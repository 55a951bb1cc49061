import { CollectionNameSchema, DocumentIdSchema, documentIdLengthMax } from '@lapidary/contracts/api/collections';
import { TenantIdSchema } from '@lapidary/contracts/api/common';
import { WatchedDocumentSchema, WatchEndSchema, watchEvents, type WatchedDocument } from '@lapidary/contracts/api/watch';
import { AppError } from '@lapidary/kernel/app-error';
import { isErrorCode } from '@lapidary/kernel/error-catalogue';
import { z } from 'zod';
import { followStream } from '../client/follow-stream.js';
import type { Command } from '../invocation.js';
import { clockTime } from '../output/human-time.js';
import type { View } from '../output/output.js';
import { Interrupted } from '../output/terminal.js';
import { LimitField } from './fields.js';

const Given = z.object({
  collection: CollectionNameSchema,
  id: DocumentIdSchema.optional(),
  tenant: TenantIdSchema.optional(),
  prefix: z.string().max(documentIdLengthMax).optional(),
  snapshot: z.boolean().default(false),
  since: z.string().max(200).optional(),
  limit: LimitField,
});

export const collectionsWatch: Command = async (invocation) => {
  const { args, options, output } = invocation;
  const { collection, since, limit, ...choice } = invocation.parse(Given, { ...options, collection: args[0], id: args[1] });
  const chosen = Object.entries(choice).flatMap(([name, value]): [string, string][] =>
    value === undefined || value === false ? [] : [[name, String(value)]],
  );
  const path = `/v1/collections/${encodeURIComponent(collection)}/documents/watch?${new URLSearchParams(chosen).toString()}`;
  let left = limit;
  let wasAway = false;
  try {
    for await (const update of followStream(invocation.connect().http, path, since)) {
      if (update.type === 'away' && !wasAway) output.note('control plane away, retrying');
      if (update.type === 'connected' && wasAway) output.note('control plane is back');
      wasAway = update.type === 'away' || (wasAway && update.type !== 'connected');
      if (update.type !== 'message') continue;
      const { event, data, id } = update.message;
      if (event === watchEvents.reset) output.warn('the cursor is of another database: every document follows');
      if (event === watchEvents.end) throwEnd(data);
      if (event !== watchEvents.document) continue;
      const watched = WatchedDocumentSchema.parse(JSON.parse(data));
      const shown = { cursor: id === '' ? null : id, ...watched };
      await output.item({ data: shown, name: watched.document.id, table: (view) => watchLine(watched, view) });
      left -= 1;
      if (left <= 0) return;
    }
  } catch (error) {
    // To be ended by Ctrl-C is the normal end of a watch.
    if (!(error instanceof Interrupted)) throw error;
  }
};

const throwEnd = (data: string): void => {
  const { code, detail } = WatchEndSchema.parse(JSON.parse(data));
  throw new AppError(isErrorCode(code) ? code : 'bad_answer', detail);
};

const watchLine = ({ deleted, document }: WatchedDocument, view: View): string =>
  [
    view.colours.dim(clockTime(document.updatedAt)),
    view.colours.bold(document.id),
    deleted ? view.colours.yellow('deleted') : JSON.stringify(document.value),
    ...(document.conflicts > 0 ? [view.colours.yellow(`${document.conflicts} not shown`)] : []),
  ].join('  ');
