import type { TenantView } from '@lapidary/contracts/api/tenants';
import { exportFormats, renderDirectory } from './formats.js';
import { hostRoutes } from './routes.js';

const baseDomain = 'lapidary.localhost';
const tenant = (id: string, hosts: readonly string[]): TenantView =>
  ({ id, status: 'placed', labels: {}, hosts, placement: { stamp: `${id}-1`, epoch: 1 } }) as unknown as TenantView;
const tenantsOf = (...tenants: TenantView[]): Record<string, string> =>
  Object.fromEntries(hostRoutes(tenants, baseDomain).map(({ host, tenant: id }) => [host, id]));

describe('the hosts of an export', () => {
  it('are a tenant’s own, which nobody else can claim, and those that it claims, as clients ask for them', () => {
    expect(
      tenantsOf(tenant('acme', ['Shop.Example.com', 'dot.example.com.', 'bücher.example']), tenant('zeta', [`acme.${baseDomain}`])),
    ).toEqual({
      [`acme.${baseDomain}`]: 'acme',
      'shop.example.com': 'acme',
      'dot.example.com': 'acme',
      'xn--bcher-kva.example': 'acme',
      [`zeta.${baseDomain}`]: 'zeta',
    });
  });

  const rubbish = [
    'default',
    'include',
    '*',
    '*.example.com',
    'a b.example.com',
    'a.example.com;shutdown',
    'a.example.com\nb.example.com mallory@eu-1@9',
    'a.example.com "x";',
    '-a.example.com',
    `${'a.'.repeat(130)}com`,
    '',
  ];

  it.each(exportFormats)('hold nothing that is no host name, which would be another line or command to an engine: %s', (format) => {
    const exported = (hosts: readonly string[]): string =>
      renderDirectory(format, { routes: hostRoutes([tenant('acme', hosts)], baseDomain), stamps: [] });
    expect(exported(rubbish)).toBe(exported([]));
  });
});
