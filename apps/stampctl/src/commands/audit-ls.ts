import { AuditListQuerySchema } from '@lapidary/contracts/api/system';
import { z } from 'zod';
import { AuditApi } from '../client/audit-api.js';
import type { Command } from '../invocation.js';
import { auditTable } from '../output/audit-text.js';
import { timeOf } from './dead-letter-choice.js';
import { LimitField } from './fields.js';
import { printList } from './list-result.js';

const { subject, actor, action } = AuditListQuerySchema.shape;
const Options = z.object({ subject, actor, action, since: z.string().optional(), until: z.string().optional(), limit: LimitField });

export const auditLs: Command = async (invocation) => {
  const { limit, since, until, ...choice } = invocation.parse(Options, invocation.options);
  const query = { ...choice, since: timeOf(since, Date.now()), until: timeOf(until, Date.now()) };
  const page = await new AuditApi(invocation.connect()).list(query, limit);
  const isAll = Object.values(query).every((value) => value === undefined);
  const empty = isAll
    ? 'Nothing was changed yet.'
    : choice.subject === undefined
      ? 'Nothing like that is written in this region.'
      : `Nobody changed ${choice.subject}, as it is written in this region.`;
  await printList(invocation.output, page, { name: (entry) => entry.id, table: auditTable, empty });
};
