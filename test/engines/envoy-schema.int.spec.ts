import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import protobuf from 'protobufjs';
import { renderDirectory } from '@lapidary/stampctl/directory/formats';
import type { HostRoute } from '@lapidary/stampctl/directory/routes';

/**
 * Envoy itself is neither in apt nor in npm. Its API is: every message of it as protocol buffers, in the package by which gRPC takes its
 * configuration from Envoy's control planes. What is exported must be a RouteConfiguration by that, field by field.
 */
const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');
const apiPackage = '@grpc/grpc-js-xds@1.14.1';
const folder = join(root, '.lapidary/peers/envoy-api');

const ensureApi = async (): Promise<string> => {
  const deps = join(folder, 'package/deps');
  if (existsSync(deps)) return deps;
  const fresh = `${folder}.${process.pid}`;
  await mkdir(fresh, { recursive: true });
  const { stdout } = await run('npm', ['pack', apiPackage, '--silent', '--pack-destination', fresh], { cwd: root });
  await run('tar', ['xzf', join(fresh, stdout.trim().split('\n').at(-1)!), '-C', fresh]);
  await mkdir(join(root, '.lapidary/peers'), { recursive: true });
  await rename(fresh, folder);
  return deps;
};

let RouteConfiguration: protobuf.Type;
beforeAll(async () => {
  const deps = await ensureApi();
  const api = new protobuf.Root();
  const own = join(root, 'node_modules/protobufjs');
  const sources = [own, ...['envoy-api', 'xds', 'googleapis', 'protoc-gen-validate'].map((name) => join(deps, name))];
  api.resolvePath = (_, target) => sources.map((source) => join(source, target)).find((file) => existsSync(file)) ?? target;
  await api.load('envoy/config/route/v3/route.proto', { keepCase: true });
  RouteConfiguration = api.lookupType('envoy.config.route.v3.RouteConfiguration');
});

/** What is left of a configuration once Envoy's API has read it; a field that it doesn't know, or of another type, is not. */
const read = (configuration: unknown): unknown =>
  RouteConfiguration.toObject(RouteConfiguration.fromObject(configuration as object), { enums: String, json: true });

const exported = (routes: readonly HostRoute[]): Record<string, unknown> =>
  JSON.parse(renderDirectory('envoy', { routes } as never)) as Record<string, unknown>;

const routes: HostRoute[] = [
  { host: 'acme.lapidary.localhost', tenant: 'acme', stamp: 'eu-1', epoch: 3 },
  { host: 'shop.acme.test', tenant: 'acme', stamp: 'eu-1', epoch: 3 },
  { host: 'beta.lapidary.localhost', tenant: 'beta', retryAfterSeconds: 10 },
];

describe('what is exported for Envoy', () => {
  it.each([
    ['tenants that are placed and held', routes],
    ['nobody', []],
  ])('is a RouteConfiguration of its API: %s', (_, of) => {
    const configuration = exported(of);
    expect(RouteConfiguration.verify(RouteConfiguration.fromObject(configuration))).toBeNull();
    // Empty lists are as good as none.
    const written = of.length === 0 ? { name: 'lapidary' } : configuration;
    expect(read(configuration)).toEqual(written);
  });

  it('would be found out with a word that the API doesn’t know', () => {
    const [first, ...others] = exported(routes)['virtual_hosts'] as Record<string, unknown>[];
    const wrong = { name: 'lapidary', virtual_hosts: [{ ...first, request_header_to_add: [] }, ...others] };
    expect(read(wrong)).not.toEqual(wrong);
    expect(() => read({ name: 'lapidary', virtual_hosts: 'all' })).toThrow();
  });

  it('names each host once, since Envoy refuses a second one, and each virtual host by its tenant', () => {
    const hosts = exported(routes)['virtual_hosts'] as { name: string; domains: string[] }[];
    expect(hosts.map(({ name }) => name)).toEqual(['acme', 'beta']);
    const domains = hosts.flatMap((host) => host.domains);
    expect(new Set(domains).size).toBe(domains.length);
    expect(domains).toContain('acme.lapidary.localhost:*');
  });
});
