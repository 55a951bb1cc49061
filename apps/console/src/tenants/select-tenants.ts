import type { TenantView } from '@lapidary/contracts/api/tenants';

export interface TenantFilter {
  readonly q: string;
  readonly status: string | undefined;
  readonly region: string | undefined;
}

/** Every word must occur in the id, the stamp, a host or a label. Deleted tenants are shown only when they are asked for. */
export const selectTenants = (tenants: readonly TenantView[], { q, status, region }: TenantFilter): TenantView[] => {
  const words = q
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return tenants.filter((tenant) => {
    if (region !== undefined && tenant.region !== region) return false;
    if (status === undefined ? tenant.status === 'deleted' : tenant.status !== status) return false;
    const labels = Object.entries(tenant.labels).map(([key, value]) => `${key}=${value}`);
    const text = [tenant.id, tenant.placement?.stamp ?? '', ...tenant.hosts, ...labels].join(' ').toLowerCase();
    return words.every((word) => text.includes(word));
  });
};

/** The command that lists the same. Text is not among its filters, so that part is left to grep. */
export const commandFor = ({ q, status, region }: TenantFilter): string => {
  const parts = [
    'stampctl tenants ls',
    region && `--region ${region}`,
    status && `--status ${status}`,
    q.trim() !== '' && `| grep -i '${q.trim().replaceAll("'", '.')}'`,
  ];
  return parts.filter(Boolean).join(' ');
};
