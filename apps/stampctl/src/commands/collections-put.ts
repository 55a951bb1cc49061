import { CollectionNameSchema, DocumentIdSchema } from '@lapidary/contracts/api/collections';
import { TenantIdSchema } from '@lapidary/contracts/api/common';
import { z } from 'zod';
import { CollectionsApi } from '../client/collections-api.js';
import type { Command } from '../invocation.js';
import { documentFacts } from '../output/collection-tables.js';
import { JsonField, required } from './fields.js';

const Given = z.object({ collection: CollectionNameSchema, id: DocumentIdSchema, tenant: TenantIdSchema.optional(), value: JsonField });

export const collectionsPut: Command = async (invocation) => {
  const { args, options, output } = invocation;
  const text = required(options['value'] as string | undefined, '--value', 'Say what it is to be, as JSON.');
  const { collection, id, tenant, value } = invocation.parse(Given, { ...options, value: text, collection: args[0], id: args[1] });
  const document = await new CollectionsApi(invocation.connect()).put(collection, id, tenant, value);
  await output.result({ data: document, name: document.id, table: (view) => documentFacts(document, view) });
};
