import type { CommandSpec } from '../command-spec.js';
import { reason, tenant } from './arguments.js';

const hosts = { name: 'hosts', description: 'comma-separated host names' };

/** Commands that change what is said of a tenant that is there; part of the command tree. */
export const tenantChangeCommands: readonly CommandSpec[] = [
  {
    path: 'tenants freeze',
    summary: 'Have nobody forward a tenant’s requests: they wait at the routers for two seconds, then get 503 with Retry-After',
    args: [tenant],
    options: [
      { flags: '--for <duration>', description: 'when it ends by itself, like 10m; "ever": it is taken back by hand; default: 15m' },
      reason,
    ],
    examples: ['stampctl tenants freeze acme --reason "its database is copied"', 'stampctl tenants freeze acme --for 2h'],
    load: async () => (await import('../commands/tenants-freeze.js')).tenantsFreeze,
  },
  {
    path: 'tenants thaw',
    summary: 'Have a frozen tenant’s requests forwarded again, those that wait at once',
    args: [tenant],
    options: [reason],
    examples: ['stampctl tenants thaw acme'],
    load: async () => (await import('../commands/tenants-freeze.js')).tenantsThaw,
  },
  {
    path: 'tenants suspend',
    summary: 'Have a tenant not served until it is resumed: its requests get 503; its place, its units and its data stay',
    args: [tenant],
    options: [{ flags: '--reason <text>', description: 'why; whoever meets the tenant is shown it' }],
    examples: ['stampctl tenants suspend acme --reason "unpaid since May"'],
    load: async () => (await import('../commands/tenants-suspend.js')).tenantsSuspend,
  },
  {
    path: 'tenants resume',
    summary: 'Have a suspended tenant served again, on the stamp that has its data; refused where another region’s tenant has its name',
    args: [tenant],
    options: [reason],
    examples: ['stampctl tenants resume acme --reason "paid"'],
    load: async () => (await import('../commands/tenants-suspend.js')).tenantsResume,
  },
  {
    path: 'tenants hosts add',
    summary: 'Have host names of its own lead to a tenant, beside its default one; each is one tenant’s in the whole fleet',
    args: [tenant, hosts],
    options: [reason],
    examples: ['stampctl tenants hosts add acme shop.example.com', 'stampctl tenants hosts add acme shop.example.com,www.example.com'],
    load: async () => (await import('../commands/tenants-hosts.js')).tenantsHostsAdd,
  },
  {
    path: 'tenants hosts rm',
    summary: 'Have host names no longer lead to a tenant; where another one was given a name too, it leads there from then on',
    args: [tenant, hosts],
    options: [reason],
    examples: ['stampctl tenants hosts rm acme shop.example.com'],
    load: async () => (await import('../commands/tenants-hosts.js')).tenantsHostsRemove,
  },
  {
    path: 'tenants residency',
    summary: 'Change the regions or jurisdictions that may hold a tenant: those left out remove its documents, those added get them',
    args: [tenant, { name: 'places', description: 'comma-separated regions or jurisdictions, or "any"' }],
    options: [reason],
    examples: ['stampctl tenants residency acme eu,ch-law --reason "contract of May"', 'stampctl tenants residency acme any'],
    load: async () => (await import('../commands/tenants-residency.js')).tenantsResidency,
  },
];
