import { TenantIdSchema } from '@lapidary/contracts/api/common';
import { ResumeTenantSchema, SuspendTenantSchema } from '@lapidary/contracts/api/tenants';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { tenantFacts } from '../output/fleet-facts.js';

const Suspend = SuspendTenantSchema.extend({ tenant: TenantIdSchema });
const Resume = ResumeTenantSchema.extend({ tenant: TenantIdSchema, reason: z.string().optional() });

export const tenantsSuspend: Command = async (invocation) => {
  const { args, options, output } = invocation;
  const { tenant: id, reason } = invocation.parse(Suspend, { tenant: args[0], reason: options.reason });
  const tenant = await invocation.connect().suspendTenant(id, reason);
  await output.result({ data: tenant, name: id, table: (view) => tenantFacts(tenant, view) });
  output.hint(`Its requests get 503. Undo: stampctl tenants resume ${id}`);
};

export const tenantsResume: Command = async (invocation) => {
  const { args, options, output } = invocation;
  const { tenant: id, reason } = invocation.parse(Resume, { tenant: args[0], reason: options.reason });
  const tenant = await invocation.connect().resumeTenant(id, reason);
  await output.result({ data: tenant, name: id, table: (view) => tenantFacts(tenant, view) });
};
