import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ControlPlaneConfigSchema } from '@lapidary/config/control-plane';
import { loadConfig } from '@lapidary/config/load';
import { readyPath } from '@lapidary/contracts/api/paths';
import { natsUsersOf, passwordVariable, peerUser } from '@lapidary/contracts/nats-roles';
import { RouterConfigSchema } from '@lapidary/config/router';
import { OwnRegionKeysSchema, PeerKeysSchema } from '@lapidary/contracts/signing-keys';
import { RegionKeys } from '@lapidary/messaging/region-keys';
import { parse } from 'yaml';
import { z } from 'zod';
import { composeVariables, missingLines } from './compose-env.js';
import { composeNatsConfig } from './gen-nats-conf.js';
import { jurisdictionsOf, regionsToRun } from './local/regions.js';

/** docker-compose.yml can't be run everywhere; that it is complete and that its processes would accept it can be checked. */
const root = path.resolve(import.meta.dirname, '..');
const text = readFileSync(path.join(root, 'docker-compose.yml'), 'utf8');
const ServiceSchema = z.looseObject({
  image: z.string(),
  environment: z.record(z.string(), z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  network_mode: z.string().optional(),
  secrets: z.array(z.string()).optional(),
  command: z.array(z.string()).optional(),
  ports: z.array(z.string()).optional(),
  healthcheck: z.object({ test: z.array(z.string()) }).optional(),
});
const compose = z
  .looseObject({
    services: z.record(z.string(), ServiceSchema),
    volumes: z.record(z.string(), z.unknown()),
    secrets: z.record(z.string(), z.unknown()),
  })
  .parse(parse(text, { merge: true }));
const regions = regionsToRun(root, null);
const environmentOf = (service: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(compose.services[service]!.environment!).map(([name, value]) => [name, value.replaceAll(/\$\{(\w+)[^}]*\}/g, 'secret')]),
  );

const keyFiles = { LAPIDARY_SIGNING_KEYS_FILE: true, LAPIDARY_PEER_KEYS_FILE: true } as const;

describe('docker-compose.yml', () => {
  test('has for every region of stamps/regions.yaml a control plane, database, stream, router and stamp host', () => {
    expect(Object.keys(compose.services).sort()).toEqual(
      regions.flatMap((r) => [r, `${r}-nats`, `${r}-postgres`, `${r}-router`, `${r}-stamps`]).sort(),
    );
  });

  test.each(regions)('the processes of %s accept their environment, and it names every other region as peer', (region) => {
    const withoutFile = ControlPlaneConfigSchema.omit({ LAPIDARY_ADMIN_TOKEN_FILE: true, ...keyFiles });
    const config = loadConfig(withoutFile, environmentOf(region));
    expect(config.LAPIDARY_REGION).toBe(region);
    // Without it workloads of stamps get no token.
    expect(config.LAPIDARY_API_URL).toBe('http://127.0.0.1:8080');
    expect(Object.keys(config.LAPIDARY_PEERS).sort()).toEqual(regions.filter((r) => r !== region).sort());
    const router = loadConfig(RouterConfigSchema.omit({ LAPIDARY_DIRECTORY_KEY_FILE: true }), environmentOf(`${region}-router`));
    expect(router.LAPIDARY_REGION).toBe(region);
    // Without it no router would serve tenants that are strict about their jurisdiction (I3).
    expect(router.LAPIDARY_ROUTER_JURISDICTION).toBe(jurisdictionsOf(root)[region]);
  });

  test.each(regions)(
    'what the processes of %s write is on a volume: the rest of the container is not theirs to write, and goes with it',
    (region) => {
      const withoutSecrets = ControlPlaneConfigSchema.omit({
        LAPIDARY_ADMIN_TOKEN_FILE: true,
        LAPIDARY_ENGINE_PASSPHRASE_FILE: true,
        ...keyFiles,
      });
      const router = RouterConfigSchema.omit({ LAPIDARY_DIRECTORY_KEY_FILE: true });
      const written = [
        ...Object.entries(loadConfig(withoutSecrets, environmentOf(region))),
        ...Object.entries(loadConfig(router, environmentOf(`${region}-router`))),
      ].filter(([, value]) => typeof value === 'string' && value.startsWith('.lapidary'));
      expect(written).toEqual([]);
    },
  );

  test('no secret gets into the image: what `npm run compose:env` writes is not copied', () => {
    const ignored = readFileSync(path.join(root, 'infra/docker/Dockerfile.dockerignore'), 'utf8').split('\n');
    expect(ignored).toEqual(expect.arrayContaining(['.env', '.git', '.lapidary']));
  });

  test('what the head of the file says to type finds the token, which no shell has', () => {
    const typed = text.split('\n').filter((line) => /^#   docker compose exec/.test(line));
    expect(typed).toHaveLength(1);
    expect(typed[0]).toContain('$(cat /run/secrets/admin-token)');
    expect(compose.services['eu']!.secrets).toContain('admin-token');
  });

  test('no misspelt variable: each is one that the process knows', () => {
    for (const region of regions) {
      for (const name of Object.keys(environmentOf(region))) expect(Object.keys(ControlPlaneConfigSchema.shape)).toContain(name);
      for (const name of Object.keys(environmentOf(`${region}-router`))) expect(Object.keys(RouterConfigSchema.shape)).toContain(name);
    }
  });

  test.each(regions)('what is published of %s are the ports that its processes listen on, for this machine alone', (region) => {
    const [plane, router] = [environmentOf(region), environmentOf(`${region}-router`)];
    expect([plane['LAPIDARY_HTTP_HOST'], router['LAPIDARY_HTTP_HOST'], router['LAPIDARY_ADMIN_HOST']]).toEqual(Array(3).fill('0.0.0.0'));
    const published = compose.services[region]!.ports!.map((port) => port.split(':'));
    expect(published.map(([host]) => host)).toEqual(published.map(() => '127.0.0.1'));
    expect(published.map(([, , inside]) => inside)).toEqual([
      plane['LAPIDARY_HTTP_PORT'],
      router['LAPIDARY_HTTP_PORT'],
      router['LAPIDARY_ADMIN_PORT'],
    ]);
  });

  test.each(regions)('each process of %s is asked for its readiness where it answers', (region) => {
    const asked = (service: string): string | undefined =>
      /'(http:[^']+)'/.exec(compose.services[service]!.healthcheck?.test.join(' ') ?? '')?.[1];
    expect(asked(region)).toBe(`${environmentOf(region)['LAPIDARY_API_URL']}${readyPath}`);
    expect(asked(`${region}-router`)).toBe(`http://127.0.0.1:${environmentOf(`${region}-router`)['LAPIDARY_ADMIN_PORT']}${readyPath}`);
    expect(compose.services[`${region}-postgres`]!.healthcheck).toBeDefined();
  });

  test('what a container runs is there, and the image of each has a version', () => {
    for (const { command, image } of Object.values(compose.services)) {
      const program = command?.find((word) => word.endsWith('.js'))?.replace(/\.js$/, '.ts');
      const sources = program === undefined ? [] : ['/src/', '/'].map((folder) => path.join(root, program.replace('/dist/', folder)));
      expect(sources.length === 0 || sources.some((source) => existsSync(source))).toBe(true);
      if (image !== 'lapidary') expect(image).toMatch(/:\d/);
    }
  });

  test('every secret that it asks for is one that `npm run compose:env` writes, and none stands in the file', () => {
    const asked = new Set([...text.matchAll(/\$\{(\w+)/g), ...text.matchAll(/environment: (LAPIDARY_\w+) \}/g)].map((m) => m[1]!));
    expect([...asked].sort()).toEqual([...composeVariables].sort());
  });

  test('each region is given keys that it can sign with and the other knows, and a file of before gets what it lacks, once', () => {
    const lines = missingLines('LAPIDARY_ADMIN_TOKEN=mine\n');
    expect(lines.map((line) => line.split('=', 1)[0]).sort()).toEqual(
      composeVariables.filter((name) => name !== 'LAPIDARY_ADMIN_TOKEN').sort(),
    );
    expect(missingLines(`LAPIDARY_ADMIN_TOKEN=mine\n${lines.join('\n')}\n`)).toEqual([]);
    const valueOf = (name: string): unknown => {
      const quoted = lines.find((line) => line.startsWith(`${name}=`))!.slice(name.length + 1);
      return JSON.parse(/^'(.*)'$/.exec(quoted)![1]!);
    };
    const told = PeerKeysSchema.parse(valueOf('LAPIDARY_PEER_KEYS'));
    for (const region of regions) {
      const own = OwnRegionKeysSchema.parse(valueOf(`LAPIDARY_${region.toUpperCase()}_SIGNING_KEYS`));
      const signature = new RegionKeys(region, own).sign(['x'], 'y');
      expect(new RegionKeys('another', undefined, told).faultOf(region, ['x'], 'y', signature)).toBe(null);
    }
  });

  test('every named volume and secret is declared, every mounted file exists', () => {
    for (const service of Object.values(compose.services)) {
      for (const volume of service.volumes ?? []) {
        const [source = ''] = volume.split(':');
        if (source.startsWith('.')) expect(existsSync(path.join(root, source))).toBe(true);
        else expect(Object.keys(compose.volumes)).toContain(source);
      }
      for (const secret of service.secrets ?? []) expect(Object.keys(compose.secrets)).toContain(secret);
    }
  });

  test('every secret that a process reads from a file is mounted into its container', () => {
    for (const [name, service] of Object.entries(compose.services)) {
      const read = Object.values(service.environment ?? {}).filter((value) => value.startsWith('/run/secrets/'));
      expect({ name, secrets: read.sort() }).toEqual({
        name,
        secrets: (service.secrets ?? []).map((secret) => `/run/secrets/${secret}`).sort(),
      });
    }
  });

  test.each(regions)('the NATS server of %s gets a password for each user, and every other region the one of its own', (region) => {
    const given = compose.services[`${region}-nats`]!.environment!;
    expect(Object.keys(given).sort()).toEqual(natsUsersOf(region, regions).map(passwordVariable).sort());
    for (const other of regions.filter((r) => r !== region)) {
      const peers = JSON.parse(compose.services[other]!.environment!['LAPIDARY_PEERS']!) as Record<string, object>;
      const password = given[passwordVariable({ role: 'peer', region: other })];
      expect(peers[region]).toMatchObject({ natsUser: peerUser(other), natsPassword: password });
    }
  });

  test.each(regions)('the NATS configuration of %s is what the roles say', (region) => {
    expect(readFileSync(path.join(root, `infra/docker/nats-${region}.conf`), 'utf8')).toBe(composeNatsConfig(region, regions));
  });
});
