import { CollectionNameSchema, DocumentIdSchema } from '@lapidary/contracts/api/collections';
import { TenantIdSchema } from '@lapidary/contracts/api/common';
import { z } from 'zod';
import { CollectionsApi } from '../client/collections-api.js';
import type { Command } from '../invocation.js';
import { collectionFacts, documentFacts, documentsTable } from '../output/collection-tables.js';
import { LimitField } from './fields.js';
import { printList } from './list-result.js';

const Given = z.object({
  collection: CollectionNameSchema,
  id: DocumentIdSchema.optional(),
  tenant: TenantIdSchema.optional(),
  documents: z.boolean().default(false),
  limit: LimitField,
});

export const collectionsShow: Command = async (invocation) => {
  const { args, options, output } = invocation;
  const { collection, id, tenant, documents, limit } = invocation.parse(Given, { ...options, collection: args[0], id: args[1] });
  const api = new CollectionsApi(invocation.connect());
  if (id !== undefined) {
    const document = await api.document(collection, id, tenant);
    await output.result({ data: document, name: document.id, table: (view) => documentFacts(document, view) });
    if (document.conflicts > 0) output.hint(`What lost: stampctl conflicts ls --subject document/${collection}/${document.tenant}/${id}`);
  } else if (documents) {
    const empty = 'No documents.';
    await printList(output, await api.documents(collection, tenant, limit), { name: (d) => d.id, table: documentsTable, empty });
  } else {
    const shown = await api.show(collection);
    await output.result({ data: shown, name: shown.name, table: (view) => collectionFacts(shown, view) });
  }
};
