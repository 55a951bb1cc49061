import { TenantIdSchema } from '@lapidary/contracts/api/common';
import { UpdateTenantSchema } from '@lapidary/contracts/api/tenants';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { tenantFacts } from '../output/fleet-facts.js';
import { ReasonField } from './fields.js';

/** No restriction, in words: an empty argument is too easily a mistake of a script. */
const anywhere = 'any';

const Arguments = z.object({
  tenant: TenantIdSchema,
  places: z
    .string()
    .min(1)
    .transform((text) => (text === anywhere ? [] : text.split(',').filter((place) => place !== ''))),
  reason: ReasonField,
});

export const tenantsResidency: Command = async (invocation) => {
  const { args, options, output } = invocation;
  const { tenant: id, places, reason } = invocation.parse(Arguments, { tenant: args[0], places: args[1], reason: options.reason });
  const body = invocation.parse(UpdateTenantSchema, { residency: places, reason });
  const api = invocation.connect();
  const { etag } = await api.tenant(id);
  const tenant = await api.updateTenant(id, etag, body);
  output.hint('Regions that are left out remove its documents; what they alone had goes once the others have it.');
  await output.result({ data: tenant, name: id, table: (view) => tenantFacts(tenant, view) });
};
