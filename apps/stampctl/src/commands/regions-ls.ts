import type { Command } from '../invocation.js';
import { regionsTable } from '../output/fleet-tables.js';
import { printList } from './list-result.js';

export const regionsLs: Command = async (invocation) => {
  const items = await invocation.connect().regions();
  const empty = 'No regions: stamps/regions.yaml names them.';
  await printList(invocation.output, { items, next: null }, { name: (r) => r.name, table: regionsTable, empty });
};
