import { TenantIdSchema } from '@lapidary/contracts/api/common';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { confirmByName } from '../output/confirm.js';
import { tenantFacts } from '../output/fleet-facts.js';

const Arguments = z.object({ tenant: TenantIdSchema });

export const tenantsDelete: Command = async (invocation) => {
  const { options, output } = invocation;
  const { tenant: id } = invocation.parse(Arguments, { tenant: invocation.args[0] });
  const api = invocation.connect();
  const { value: tenant, etag } = await api.tenant(id);
  const where = tenant.placement ? ` on ${tenant.placement.stamp}` : '';
  const consequence = `ends its service and frees its ${tenant.weight} ${tenant.weight === 1 ? 'unit' : 'units'}`;
  await confirmByName(output, `Deleting tenant ${id}${where}`, consequence, id, options.yes === true, invocation.signal);
  const deleted = (await api.deleteTenant(id, etag)) ?? { ...tenant, status: 'deleted' as const, placement: null };
  output.note(`${output.colours.green('✓')} ${id} is deleted; its name is not given out again`);
  await output.result({ data: deleted, name: id, table: (view) => (view.wide ? tenantFacts(deleted, view) : '') });
};
