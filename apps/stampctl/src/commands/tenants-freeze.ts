import { TenantIdSchema } from '@lapidary/contracts/api/common';
import { UpdateTenantSchema } from '@lapidary/contracts/api/tenants';
import { frozenTraffic, trafficLabel } from '@lapidary/contracts/tenant-labels';
import { z } from 'zod';
import type { Command, Invocation } from '../invocation.js';
import { tenantFacts } from '../output/fleet-facts.js';
import { ReasonField } from './fields.js';

const Arguments = z.object({ tenant: TenantIdSchema, reason: ReasonField });

/** Labels are replaced as a whole: what was read is written back, and only at the version that was read. */
const relabel = async (invocation: Invocation, change: (labels: Record<string, string>) => void): Promise<void> => {
  const { args, options, output } = invocation;
  const { tenant: id, reason } = invocation.parse(Arguments, { tenant: args[0], reason: options.reason });
  const api = invocation.connect();
  const { value, etag } = await api.tenant(id);
  const labels = { ...value.labels };
  change(labels);
  const tenant = await api.updateTenant(id, etag, invocation.parse(UpdateTenantSchema, { labels, reason }));
  await output.result({ data: tenant, name: id, table: (view) => tenantFacts(tenant, view) });
};

export const tenantsFreeze: Command = async (invocation) => {
  await relabel(invocation, (labels) => {
    labels[trafficLabel] = frozenTraffic;
  });
  invocation.output.hint(
    `Its requests wait for a moment, then get 503 with Retry-After. Undo: stampctl tenants thaw ${invocation.args[0]}`,
  );
};

export const tenantsThaw: Command = async (invocation) =>
  relabel(invocation, (labels) => {
    if (labels[trafficLabel] === frozenTraffic) delete labels[trafficLabel];
  });
