import { CollectionNameSchema, DefineCollectionSchema, policyKinds } from '@lapidary/contracts/api/collections';
import { exitCodes } from '@lapidary/kernel/error-catalogue';
import { isAppError } from '@lapidary/kernel/app-error';
import { z } from 'zod';
import { CollectionsApi } from '../client/collections-api.js';
import type { Command } from '../invocation.js';
import { collectionFacts, previewTable } from '../output/collection-tables.js';
import { JsonField } from './fields.js';

const JsonObject = JsonField.pipe(z.record(z.string(), z.unknown()));
const Given = z.object({
  collection: CollectionNameSchema,
  kind: z.enum(policyKinds).optional(),
  scope: z.enum(['tenant', 'fleet']).optional(),
  set: JsonObject.optional(),
  budgets: JsonObject.optional(),
  dryRun: z.boolean().default(false),
});

export const collectionsPolicy: Command = async (invocation) => {
  const { args, options, output } = invocation;
  const { collection, kind, scope, set, budgets, dryRun } = invocation.parse(Given, { ...options, collection: args[0] });
  const api = new CollectionsApi(invocation.connect());
  const before = await api.show(collection).catch((error: unknown) => {
    if (isAppError(error) && error.code === 'not_found') return null;
    throw error;
  });
  const body = invocation.parse(DefineCollectionSchema, {
    scope: scope ?? before?.scope,
    policy: {
      ...(kind === undefined || kind === before?.policy.kind ? before?.policy : {}),
      ...(kind === undefined ? {} : { kind }),
      ...set,
    },
    budgets: { ...before?.budgets, ...budgets },
  });
  if (!dryRun) {
    const defined = await api.define(collection, body);
    await output.result({ data: defined, name: defined.name, table: (view) => collectionFacts(defined, view) });
    return exitCodes.ok;
  }
  const preview = await api.preview(collection, body);
  await output.result({
    data: preview,
    name: preview.changes.map((c) => c.id),
    table: (view) => (preview.changes.length === 0 ? '' : previewTable(preview, view)),
  });
  if (preview.refused !== null) output.hint(preview.refused);
  else
    output.hint(
      `${preview.changes.length} values would differ; ${preview.documents} documents and ${preview.ledger} entries of the ledger were looked at. Nothing was changed.`,
    );
  if (preview.cut !== undefined)
    output.hint(
      `There are more than were looked at (${preview.cut.join(', ')}): nothing is known of the others, and more values may differ.`,
    );
  return preview.changes.length > 0 || preview.refused !== null ? exitCodes.changes : exitCodes.ok;
};
