import { AuditListQuerySchema } from '@lapidary/contracts/api/system';
import { z } from 'zod';
import { AuditApi } from '../client/audit-api.js';
import type { Command } from '../invocation.js';
import { auditTable } from '../output/audit-text.js';
import { LimitField } from './fields.js';
import { printList } from './list-result.js';

const Options = z.object({ subject: AuditListQuerySchema.shape.subject, limit: LimitField });

export const auditLs: Command = async (invocation) => {
  const { subject, limit } = invocation.parse(Options, invocation.options);
  const page = await new AuditApi(invocation.connect()).list(subject, limit);
  const empty = subject === undefined ? 'Nothing was changed yet.' : `Nobody changed ${subject}, as it is written in this region.`;
  await printList(invocation.output, page, { name: (entry) => entry.id, table: auditTable, empty });
};
