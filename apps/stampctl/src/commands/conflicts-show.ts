import { z } from 'zod';
import { ReplicationApi } from '../client/replication-api.js';
import type { Command } from '../invocation.js';
import { conflictFacts } from '../output/replication-tables.js';

const Arguments = z.object({ conflict: z.string().min(1).max(300) });

export const conflictsShow: Command = async (invocation) => {
  const { conflict: id } = invocation.parse(Arguments, { conflict: invocation.args[0] });
  const conflict = await new ReplicationApi(invocation.connect()).conflict(id);
  await invocation.output.result({ data: conflict, name: conflict.id, table: (view) => conflictFacts(conflict, view) });
};
