import { ReplicationApi } from '../client/replication-api.js';
import type { Command } from '../invocation.js';
import { conflictsTable } from '../output/replication-tables.js';
import { ConflictChoiceFields, conflictQuery } from './conflict-choice.js';
import { LimitField } from './fields.js';
import { printList } from './list-result.js';

const Options = ConflictChoiceFields.extend({ limit: LimitField });

export const conflictsLs: Command = async (invocation) => {
  const { limit, ...choice } = invocation.parse(Options, invocation.options);
  const page = await new ReplicationApi(invocation.connect()).conflicts(conflictQuery(choice, Date.now()), limit);
  const empty = 'No conflicts: no two regions wrote the same while they could not hear each other.';
  await printList(invocation.output, page, { name: (c) => c.id, table: conflictsTable, empty });
};
