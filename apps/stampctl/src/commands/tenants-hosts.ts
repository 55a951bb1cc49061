import { domainToASCII } from 'node:url';
import { TenantIdSchema } from '@lapidary/contracts/api/common';
import { UpdateTenantSchema } from '@lapidary/contracts/api/tenants';
import { z } from 'zod';
import type { Command, Invocation } from '../invocation.js';
import { tenantFacts } from '../output/fleet-facts.js';
import { ReasonField } from './fields.js';

/** As it stands in DNS: people type names as they read them (RFC 5891 §4); what is none is shown as it was typed. */
const inDns = (typed: string): string => domainToASCII(typed.trim().replace(/\.$/, '')) || typed;

const Arguments = z.object({
  tenant: TenantIdSchema,
  hosts: z
    .string()
    .min(1)
    .transform((text) =>
      text
        .split(',')
        .filter((host) => host.trim() !== '')
        .map(inDns),
    ),
  reason: ReasonField,
});

/** The whole list is replaced, at the version that was read: nobody’s name is lost to two who change it at once. */
const change = async (
  invocation: Invocation,
  edit: (own: readonly string[], hosts: readonly string[]) => string[],
): Promise<{ readonly id: string; readonly hosts: readonly string[]; readonly changed: boolean }> => {
  const { args, options, output } = invocation;
  const { tenant: id, hosts, reason } = invocation.parse(Arguments, { tenant: args[0], hosts: args[1], reason: options.reason });
  const api = invocation.connect();
  const { value, etag } = await api.tenant(id);
  const own = [...value.hosts.slice(1), ...(value.lostHosts ?? [])];
  const edited = edit(own, hosts);
  const body = invocation.parse(UpdateTenantSchema, { hosts: edited, reason });
  const tenant = edited.length === own.length ? value : await api.updateTenant(id, etag, body);
  await output.result({ data: tenant, name: id, table: (view) => tenantFacts(tenant, view) });
  return { id, hosts, changed: tenant !== value };
};

export const tenantsHostsAdd: Command = async (invocation) => {
  const { id, hosts, changed } = await change(invocation, (own, added) => [...new Set([...own, ...added])]);
  if (!changed) return invocation.output.hint(`${id} has ${hosts.length === 1 ? 'that name' : 'those names'} already.`);
  return invocation.output.hint(
    `Routers know within moments. In DNS the ${hosts.length === 1 ? 'name' : 'names'} must lead to them, and clients of HTTPS want a certificate in the routers’ folder.`,
  );
};

export const tenantsHostsRemove: Command = async (invocation) => {
  const { id, hosts, changed } = await change(invocation, (own, removed) => own.filter((host) => !removed.includes(host)));
  if (!changed) invocation.output.hint(`${id} does not have ${hosts.join(', ')}: nothing is changed.`);
};
