import type { TenantView } from '@lapidary/contracts/api/tenants';

/** `default`: made of the tenant's id; `given`: one of its own; `lost`: another tenant of another region was given it first. */
export const nameKinds = ['default', 'given', 'lost'] as const;

export interface NameRow {
  readonly host: string;
  readonly kind: (typeof nameKinds)[number];
  /** Who was given it. */
  readonly tenant: TenantView;
  /** The tenant that it leads to; null where none is known that has it. */
  readonly leadsTo: string | null;
}

/** Every name that a tenant was given, by name; deleted tenants have none. */
export const nameRows = (tenants: readonly TenantView[]): NameRow[] => {
  const living = tenants.filter((tenant) => tenant.status !== 'deleted');
  const holders = new Map(living.flatMap((tenant) => tenant.hosts.map((host) => [host, tenant.id] as const)));
  const rows = living.flatMap((tenant): NameRow[] => [
    ...tenant.hosts.map((host, n) => ({ host, kind: n === 0 ? ('default' as const) : ('given' as const), tenant, leadsTo: tenant.id })),
    ...(tenant.lostHosts ?? []).map((host) => ({ host, kind: 'lost' as const, tenant, leadsTo: holders.get(host) ?? null })),
  ]);
  return rows.sort((a, b) => a.host.localeCompare(b.host, 'en') || a.tenant.id.localeCompare(b.tenant.id, 'en'));
};

/** Every word must occur in the name or the tenant's id. */
export const selectNames = (
  rows: readonly NameRow[],
  { q, kind }: { readonly q?: string | undefined; readonly kind?: NameRow['kind'] | undefined },
): NameRow[] => {
  const words = (q ?? '')
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return rows.filter((row) => {
    if (kind !== undefined && row.kind !== kind) return false;
    const text = `${row.host} ${row.tenant.id}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
};

/** Beside the default one, as an update replaces them: lost ones are kept, since they come back where the other tenant lets go. */
export const ownHosts = (tenant: TenantView): string[] => [...tenant.hosts.slice(1), ...(tenant.lostHosts ?? [])];

/** As it stands in DNS: people type names as they read them (RFC 5891 §4); what is none is left as it was typed. */
export const inDns = (typed: string): string => {
  const text = typed.trim().replace(/\.$/, '').toLowerCase();
  return /[/?#@:\s]/.test(text) ? text : (URL.parse(`http://${text}`)?.hostname ?? text);
};
