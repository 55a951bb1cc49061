import { ControlPlaneConfigSchema } from '@lapidary/config/control-plane';
import { loadConfig } from '@lapidary/config/load';
import { RouterConfigSchema } from '@lapidary/config/router';
import { controlPlaneLaunch, routerLaunch, addressesOf, type FleetFacts } from './fleet-plan.js';
import { fleetPaths } from './paths.js';
import { preferredPorts } from './ports.js';

const regions = ['eu', 'us'];
const facts = (env: Record<string, string> = {}): FleetFacts => ({
  paths: fleetPaths('/srv/lapidary'),
  ports: preferredPorts(regions),
  backends: Object.fromEntries(
    regions.map((region) => [
      region,
      {
        databaseUrl: `postgres://control_plane:x@127.0.0.1/${region}`,
        postgresAdminUrl: `postgres://lapidary:y@127.0.0.1/${region}`,
        natsUrl: `nats://127.0.0.1/${region}`,
        natsPasswords: { control: `control-${region}`, 'peer-eu': `eu-at-${region}`, router: `router-${region}`, agent: `agent-${region}` },
      },
    ]),
  ),
  jurisdictions: { eu: 'eea', us: 'usa' },
  directoryKeyChanges: false,
  node: '/usr/bin/node',
  env: { PATH: '/usr/bin', ...env },
});

describe('fleet plan', () => {
  test('each control plane gets a configuration that its schema accepts', () => {
    const { env } = controlPlaneLaunch(facts(), 'eu');
    // Each its own keys, and the public ones of all.
    expect(env).toMatchObject({
      LAPIDARY_SIGNING_KEYS_FILE: '/srv/lapidary/.lapidary/region-keys/eu.keys.json',
      LAPIDARY_PEER_KEYS_FILE: '/srv/lapidary/.lapidary/region-keys/peer-keys.json',
    });
    // The files exist only in a real fleet.
    const files = { LAPIDARY_ADMIN_TOKEN_FILE: true, LAPIDARY_SIGNING_KEYS_FILE: true, LAPIDARY_PEER_KEYS_FILE: true } as const;
    const config = loadConfig(ControlPlaneConfigSchema.omit(files), env);
    expect(config).toMatchObject({
      LAPIDARY_REGION: 'eu',
      LAPIDARY_HTTP_PORT: 7400,
      LAPIDARY_LOCAL_PROCESS_DIR: '/srv/lapidary/.lapidary/processes',
    });
  });

  test('each router gets a configuration that its schema accepts, without any database', () => {
    const { env } = routerLaunch(facts(), 'us');
    expect(env['LAPIDARY_DIRECTORY_KEY_FILE']).toBe('/srv/lapidary/.lapidary/directory.key');
    // The key's file, too, exists only in a real fleet.
    expect(loadConfig(RouterConfigSchema.omit({ LAPIDARY_DIRECTORY_KEY_FILE: true }), env)).toMatchObject({
      LAPIDARY_REGION: 'us',
      LAPIDARY_ROUTER_JURISDICTION: 'usa',
      LAPIDARY_HTTP_PORT: 7411,
      LAPIDARY_NATS_USER: 'router',
    });
    expect(JSON.stringify(env)).not.toContain('postgres');
  });

  test('while the key of their copies changes, routers are given the one before, too, and else not', () => {
    const previous = (changes: boolean): unknown =>
      routerLaunch({ ...facts(), directoryKeyChanges: changes }, 'us').env['LAPIDARY_DIRECTORY_PREVIOUS_KEY_FILE'];
    expect([previous(false), previous(true)]).toEqual([undefined, '/srv/lapidary/.lapidary/directory.previous.key']);
  });

  test('peers are the other regions, read with the narrow user of theirs', () => {
    const { env } = controlPlaneLaunch(facts(), 'eu');
    expect(JSON.parse(env['LAPIDARY_PEERS']!)).toEqual({
      us: { natsUrl: 'nats://127.0.0.1/us', natsUser: 'peer-eu', natsPassword: 'eu-at-us' },
    });
  });

  test('only known variables of the shell reach a process', () => {
    const { env } = controlPlaneLaunch(
      facts({
        LAPIDARY_LOG_LEVEL: 'debug',
        NODE_COMPILE_CACHE: '/srv/cache',
        LAPIDARY_DATABASE_URL: 'postgres://elsewhere',
        AWS_SECRET_ACCESS_KEY: 's',
        NODE_OPTIONS: '--inspect',
      }),
      'eu',
    );
    expect(env).toMatchObject({
      LAPIDARY_LOG_LEVEL: 'debug',
      NODE_COMPILE_CACHE: '/srv/cache',
      LAPIDARY_DATABASE_URL: 'postgres://control_plane:x@127.0.0.1/eu',
    });
    expect(env).not.toHaveProperty('AWS_SECRET_ACCESS_KEY');
    expect(env).not.toHaveProperty('NODE_OPTIONS');
  });

  test('regions share nothing: no port, address or folder of one appears in the other', () => {
    const [eu, us] = regions.map((region) => new Set(Object.values(addressesOf(facts(), region))));
    for (const address of eu!) expect(us!.has(address)).toBe(false);
    expect(controlPlaneLaunch(facts(), 'eu').env['LAPIDARY_ENGINE_STATE_DIR']).not.toBe(
      controlPlaneLaunch(facts(), 'us').env['LAPIDARY_ENGINE_STATE_DIR'],
    );
  });
});
