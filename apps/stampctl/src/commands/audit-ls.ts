import { AuditListQuerySchema } from '@lapidary/contracts/api/system';
import { z } from 'zod';
import { AuditApi } from '../client/audit-api.js';
import type { Command } from '../invocation.js';
import { auditTable } from '../output/audit-text.js';
import { timeOf } from './dead-letter-choice.js';
import { LimitField } from './fields.js';
import { printOfRegions } from './list-of-regions.js';

const { subject, actor, action, region: only } = AuditListQuerySchema.shape;
const Options = z.object({
  region: only,
  subject,
  actor,
  action,
  since: z.string().optional(),
  until: z.string().optional(),
  limit: LimitField,
});

export const auditLs: Command = async (invocation) => {
  const { limit, region, since, until, ...choice } = invocation.parse(Options, invocation.options);
  const query = { ...choice, since: timeOf(since, Date.now()), until: timeOf(until, Date.now()) };
  const isAll = Object.values(query).every((value) => value === undefined);
  const where = region === undefined ? '' : ` in ${region}`;
  const ofSubject = choice.subject === undefined ? `Nothing like that is written${where}.` : `Nobody changed ${choice.subject}${where}.`;
  const api = invocation.connect();
  const audit = new AuditApi(api);
  return await printOfRegions(invocation, {
    api,
    region,
    limit,
    page: (of) => audit.list({ ...query, region: of }, limit),
    at: (entry) => entry.at,
    name: (entry) => entry.id,
    table: auditTable,
    empty: isAll ? `Nothing was changed yet${where}.` : ofSubject,
  });
};
