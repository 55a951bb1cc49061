import { isHeld, type ExportedDirectory, type HostRoute } from './routes.js';

export const exportFormats = ['haproxy', 'nginx', 'envoy'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/**
 * What stands for a route in one word: engines split it again. The stamp needs all three (docs/reference/workload-contract.md):
 * without tenant and epoch its agent refuses (I4). "@" is in none of them, so a word that begins with it is none of a stamp: `@held@<seconds>`
 * is answered 503. An edge that does not know that word finds no stamp named "held" and answers 503 or 404, too.
 */
export const routeWord = (route: HostRoute): string =>
  isHeld(route) ? `@held@${route.retryAfterSeconds}` : `${route.tenant}@${route.stamp}@${route.epoch}`;

/** A map file: host, then the route. */
const haproxy = ({ routes }: ExportedDirectory): string => routes.map((route) => `${route.host} ${routeWord(route)}\n`).join('');

/** Maps from $host to tenant, stamp and epoch, for the http block; "" for who is nobody's. $lapidary_held: after how many seconds to come back, or "". */
const nginx = ({ routes }: ExportedDirectory): string => {
  const part = (name: string, pattern: string): string =>
    `map $lapidary_route $lapidary_${name} {\n  default "";\n  "${pattern}" $${name}_;\n}\n`;
  return [
    'map $host $lapidary_route {\n  default "";\n',
    ...routes.map((route) => `  ${route.host} "${routeWord(route)}";\n`),
    '}\n',
    part('tenant', '~^(?<tenant_>[^@]+)@'),
    part('stamp', '~^[^@]+@(?<stamp_>[^@]+)@'),
    part('epoch', '~^[^@]+@[^@]+@(?<epoch_>[0-9]+)$'),
    part('held', '~^@held@(?<held_>[0-9]+)$'),
  ].join('');
};

/** A RouteConfiguration: a virtual host for each tenant; clusters are named as stamps are. */
const envoy = ({ routes }: ExportedDirectory): string => {
  const byTenant = Map.groupBy(routes, ({ tenant }) => tenant);
  const headers = (...pairs: [key: string, value: string][]): unknown[] =>
    pairs.map(([key, value]) => ({ header: { key, value }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' }));
  const routed = (route: HostRoute): object =>
    isHeld(route)
      ? {
          routes: [{ match: { prefix: '/' }, direct_response: { status: 503 } }],
          response_headers_to_add: headers(['retry-after', String(route.retryAfterSeconds)]),
        }
      : {
          routes: [{ match: { prefix: '/' }, route: { cluster: route.stamp } }],
          request_headers_to_add: headers(['x-lapidary-tenant', route.tenant], ['x-lapidary-epoch', String(route.epoch)]),
        };
  const virtualHosts = [...byTenant].map(([tenant, of]) => ({
    name: tenant,
    domains: of.flatMap(({ host }) => [host, `${host}:*`]),
    ...routed(of[0]!),
  }));
  return `${JSON.stringify({ name: 'lapidary', virtual_hosts: virtualHosts }, null, 2)}\n`;
};

const renderers: Record<ExportFormat, (directory: ExportedDirectory) => string> = { haproxy, nginx, envoy };

export const renderDirectory = (format: ExportFormat, directory: ExportedDirectory): string => renderers[format](directory);
