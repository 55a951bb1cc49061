import { TenantIdSchema } from '@lapidary/contracts/api/common';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { tenantFacts } from '../output/fleet-facts.js';

const Arguments = z.object({ tenant: TenantIdSchema });

export const tenantsShow: Command = async (invocation) => {
  const { tenant: id } = invocation.parse(Arguments, { tenant: invocation.args[0] });
  const { value: tenant } = await invocation.connect().tenant(id);
  await invocation.output.result({ data: tenant, name: tenant.id, table: (view) => tenantFacts(tenant, view) });
  if (tenant.status === 'pending') invocation.output.hint(`Why it waits: stampctl tenants explain ${id}`);
};
