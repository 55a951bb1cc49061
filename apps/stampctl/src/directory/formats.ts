import type { ExportedDirectory, HostRoute } from './routes.js';

export const exportFormats = ['haproxy', 'nginx', 'envoy'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/**
 * What stands for a route in one word: engines split it again. The stamp needs all three (docs/reference/workload-contract.md):
 * without tenant and epoch its agent refuses (I4). "@" is in none of them.
 */
export const routeWord = ({ tenant, stamp, epoch }: HostRoute): string => `${tenant}@${stamp}@${epoch}`;

/** A map file: host, then the route. */
const haproxy = ({ routes }: ExportedDirectory): string => routes.map((route) => `${route.host} ${routeWord(route)}\n`).join('');

/** Maps from $host to tenant, stamp and epoch, for the http block; "" for who is nobody's. */
const nginx = ({ routes }: ExportedDirectory): string => {
  const part = (name: string, pattern: string): string =>
    `map $lapidary_route $lapidary_${name} {\n  default "";\n  "${pattern}" $${name}_;\n}\n`;
  return [
    'map $host $lapidary_route {\n  default "";\n',
    ...routes.map((route) => `  ${route.host} "${routeWord(route)}";\n`),
    '}\n',
    part('tenant', '~^(?<tenant_>[^@]+)@'),
    part('stamp', '~^[^@]+@(?<stamp_>[^@]+)@'),
    part('epoch', '~@(?<epoch_>[0-9]+)$'),
  ].join('');
};

/** A RouteConfiguration: a virtual host for each tenant; clusters are named as stamps are. */
const envoy = ({ routes }: ExportedDirectory): string => {
  const byTenant = Map.groupBy(routes, ({ tenant }) => tenant);
  const virtualHosts = [...byTenant].map(([tenant, of]) => ({
    name: tenant,
    domains: of.flatMap(({ host }) => [host, `${host}:*`]),
    routes: [{ match: { prefix: '/' }, route: { cluster: of[0]!.stamp } }],
    request_headers_to_add: [
      ['x-lapidary-tenant', tenant],
      ['x-lapidary-epoch', String(of[0]!.epoch)],
    ].map(([key, value]) => ({ header: { key, value }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' })),
  }));
  return `${JSON.stringify({ name: 'lapidary', virtual_hosts: virtualHosts }, null, 2)}\n`;
};

const renderers: Record<ExportFormat, (directory: ExportedDirectory) => string> = { haproxy, nginx, envoy };

export const renderDirectory = (format: ExportFormat, directory: ExportedDirectory): string => renderers[format](directory);
