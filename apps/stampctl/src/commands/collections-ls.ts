import { z } from 'zod';
import { CollectionsApi } from '../client/collections-api.js';
import type { Command } from '../invocation.js';
import { collectionsTable } from '../output/collection-tables.js';
import { LimitField } from './fields.js';
import { printList } from './list-result.js';

const Options = z.object({ limit: LimitField });

export const collectionsLs: Command = async (invocation) => {
  const { limit } = invocation.parse(Options, invocation.options);
  const page = await new CollectionsApi(invocation.connect()).list(limit);
  const empty = 'No collections; define one with "stampctl collections policy <name> --kind lww".';
  await printList(invocation.output, page, { name: (c) => c.name, table: collectionsTable, empty });
};
