import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ControlPlaneConfigSchema } from '@lapidary/config/control-plane';
import { RegisterReplySchema, type Heartbeat, type Traffic } from '@lapidary/contracts/agent-protocol';
import { agentHeartbeat, agentRegister } from '@lapidary/contracts/subjects';
import { agentHealthPath } from '@lapidary/contracts/workload';
import { newId } from '@lapidary/kernel/ids';
import { waitFor } from '@lapidary/kernel/wait-for';
import { NatsLink } from '@lapidary/messaging/nats-link';
import { freshRegion, testNats } from '@lapidary/testing/backends';
import { createLogger } from '@lapidary/telemetry/logger';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { noTraffic } from '../src/health/traffic-window.js';
import { bringUp } from '../src/process/bring-up.js';
import { createApp } from '../src/process/create-app.js';
import { createResources } from '../src/process/resources.js';
import { closeApp } from './close-app.js';
import { migratedDatabase } from './migrated-database.js';

const adminToken = 'test-admin-token-0123456789';
const heartbeatMs = 250;
const soon = { timeoutMs: 200_000, intervalMs: 100 };

/** What a version does to the requests of a stamp, per heartbeat. */
export interface LightBehaviour {
  readonly requests: number;
  readonly errors: number;
}

type Behaviour = (stamp: string, version: string, template: string) => LightBehaviour;

/**
 * A stamp without processes: an agent that registers, beats, and counts the traffic that its version would have. Which
 * version runs is what test/fake-provisioner.mjs has written.
 */
class LightStamp {
  private readonly instanceId = newId();
  private epoch = 0;
  private sequence = 0;
  private readonly traffic: Traffic = noTraffic() as Traffic;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly link: NatsLink,
    private readonly region: string,
    readonly name: string,
    private readonly versionFile: string,
    private readonly templateFile: string,
    private readonly behaviour: Behaviour,
  ) {
    this.timer = setInterval(() => void this.beat().catch(() => undefined), heartbeatMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async beat(): Promise<void> {
    if (!existsSync(this.versionFile)) return;
    const version = readFileSync(this.versionFile, 'utf8');
    if (this.epoch === 0) return this.register(version);
    const { requests, errors } = this.behaviour(this.name, version, readFileSync(this.templateFile, 'utf8'));
    const next = this.traffic as { requests: number; errors: number; latency: number[] };
    next.requests += requests;
    next.errors += errors;
    next.latency[4]! += requests;
    const heartbeat: Heartbeat = {
      stamp: this.name as Heartbeat['stamp'],
      instanceId: this.instanceId,
      epoch: this.epoch,
      sequence: ++this.sequence,
      atMs: Date.now(),
      load: { cpuPercent: 1, memoryBytes: 1, requestsPerSecond: requests, inFlight: 0 },
      holding: { count: 0, asOf: 0 },
      workload: { healthy: true, version },
      agentVersion: 'test',
      traffic: structuredClone(this.traffic),
    };
    this.link.publishJson(agentHeartbeat(this.region), heartbeat);
  }

  private async register(workloadVersion: string): Promise<void> {
    const request = {
      stamp: this.name,
      token: `token-of-${this.name}-0123456789`,
      instanceId: this.instanceId,
      agentVersion: 'test',
      workloadVersion,
      frontDoor: 'http://x.test',
    };
    const reply = await this.link.requestJson(agentRegister(this.region), request, RegisterReplySchema, 2_000);
    if (reply.ok) this.epoch = reply.epoch;
  }
}

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

export interface RolloutRegion {
  readonly name: string;
  readonly app: NestFastifyApplication;
  ask<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<Answer<T>>;
  query<T>(sql: string, parameters?: unknown[]): Promise<T[]>;
}

export interface RolloutWorld {
  /** The first coordinates. */
  readonly regions: readonly [RolloutRegion, RolloutRegion];
  behaviour: Behaviour;
  /** A newer Lapidary is installed in both regions; the release of the template before it is kept. */
  installTemplate(version: string, kept: string): Promise<void>;
  /** Builds a stamp by the real job, with a light agent behind it. */
  build(stamp: string, ring: string): Promise<void>;
  close(): Promise<void>;
}

/** Two regions with everything that a control plane runs, over real databases and real NATS; stamps are light. */
export const openRolloutWorld = async (): Promise<RolloutWorld> => {
  const names = [freshRegion(), freshRegion()] as const;
  const directory = await mkdtemp(join(tmpdir(), 'lapidary-rollout-'));
  const door = createServer((request, response) => response.writeHead(request.url === agentHealthPath ? 200 : 404).end());
  const frontDoor = await listen(door);
  const engine = join(directory, 'infra/dist/engine');
  await Promise.all([mkdir(engine, { recursive: true }), mkdir(join(directory, 'processes')), mkdir(join(directory, 'stamps'))]);
  await copyFile(fileURLToPath(new URL('./fake-provisioner.mjs', import.meta.url)), join(engine, 'provisioner-main.js'));
  await writeFile(join(directory, 'package.json'), '{"type":"module"}');
  await writeFile(join(directory, 'infra/package.json'), '{"version":"1.0.0","type":"module"}');
  await writeFile(join(directory, 'token'), adminToken);
  const regionLine = (name: string): string =>
    `  ${name}: { displayName: ${name}, jurisdiction: ${name}, location: { latitude: 1, longitude: 1 }, aws: { region: eu-west-1 } }\n`;
  await writeFile(join(directory, 'stamps/regions.yaml'), `regions:\n${names.map(regionLine).join('')}`);
  await writeFile(
    join(directory, 'stamps/defaults.yaml'),
    `driver: local\nprofile: small\nring: broad\nisolation: pooled\ncapacity: { units: 100 }\nworkload: { version: "1.0.0" }\nlabels: { front-door: "${frontDoor}", behaviour: versioned }\n`,
  );
  const links = new NatsLink({ url: testNats().url, name: 'light-stamps', logger: createLogger('test', 'silent') });
  const closers: (() => Promise<void>)[] = [];
  const open = async (name: string, peer: string): Promise<RolloutRegion> => {
    const region = await openRegion(name, peer, directory);
    closers.push(region.close);
    return region;
  };
  const regions = [await open(names[0], names[1]), await open(names[1], names[0])] as const;
  const light: LightStamp[] = [];
  const world: RolloutWorld = {
    regions,
    behaviour: () => ({ requests: 40, errors: 0 }),
    installTemplate: async (version, kept) => {
      await writeFile(join(directory, 'infra/package.json'), JSON.stringify({ version, type: 'module' }));
      await mkdir(join(directory, 'infra/dist/template/releases', kept), { recursive: true });
    },
    build: async (stamp, ring) => {
      const region = regions.find((r) => stamp.startsWith(`${r.name}-`))!;
      const file = join(directory, `state-${region.name}`, `version-${stamp}`);
      const template = join(directory, `state-${region.name}`, `template-${stamp}`);
      light.push(new LightStamp(links, region.name, stamp, file, template, (s, v, t) => world.behaviour(s, v, t)));
      const { status, body } = await region.ask('POST', `/v1/stamps/${stamp}/provision`, { ring });
      if (status !== 202) throw new Error(JSON.stringify(body));
      await waitFor(
        `${stamp} to be active`,
        async () => {
          const job = (await region.ask('GET', `/v1/jobs/${String(body['id'])}`)).body;
          // At once and with its reason, instead of after the whole time.
          if (job['status'] === 'failed') throw new Error(`${stamp}: ${JSON.stringify(job['error'])}`);
          return job['status'] === 'succeeded' ? true : undefined;
        },
        soon,
      );
    },
    close: async () => {
      for (const stamp of light) stamp.stop();
      for (const close of closers) await close();
      await links.close();
      door.close();
      await rm(directory, { recursive: true });
    },
  };
  return world;
};

const openRegion = async (name: string, peer: string, directory: string): Promise<RolloutRegion & { close(): Promise<void> }> => {
  const database = await migratedDatabase();
  const resources = createResources(
    ControlPlaneConfigSchema.parse({
      LAPIDARY_REGION: name,
      LAPIDARY_DATABASE_URL: database.url,
      LAPIDARY_NATS_URL: testNats().url,
      LAPIDARY_PEERS: JSON.stringify({ [peer]: { natsUrl: testNats().url } }),
      LAPIDARY_STAMPS_DIR: join(directory, 'stamps'),
      LAPIDARY_ROOT_DIR: directory,
      LAPIDARY_CONSOLE_DIR: join(directory, 'none'),
      LAPIDARY_ENGINE_STATE_DIR: join(directory, `state-${name}`),
      LAPIDARY_LOCAL_PROCESS_DIR: join(directory, 'processes'),
      LAPIDARY_LOCAL_POSTGRES_ADMIN_URL: database.url,
      LAPIDARY_ADMIN_TOKEN_FILE: join(directory, 'token'),
      LAPIDARY_HEARTBEAT_MS: String(heartbeatMs),
      LAPIDARY_ROLLOUT_TICK_MS: '200',
      LAPIDARY_JOB_CONCURRENCY: '4',
      LAPIDARY_LOG_LEVEL: process.env['LAPIDARY_TEST_LOG'] ?? 'silent',
    }),
    { processMetrics: false },
  );
  await bringUp(resources, new AbortController().signal);
  const { app } = await createApp(resources);
  const ask: RolloutRegion['ask'] = async (method, path, body) => {
    const response = await app.inject({
      method: method as 'GET',
      url: path,
      headers: { authorization: `Bearer ${adminToken}` },
      ...(body === undefined ? {} : { payload: body as object }),
    });
    return { status: response.statusCode, body: response.payload === '' ? ({} as never) : response.json() };
  };
  await waitFor('the job queue', async () => ((await app.inject({ url: '/readyz' })).payload.includes('"jobs"') ? undefined : true), soon);
  return {
    name,
    app,
    ask,
    query: (sql, parameters) => resources.dataSource.query(sql, parameters),
    close: async () => {
      await closeApp(app);
      await Promise.all([resources.nats.close(), resources.natsStreams.close()]);
      await resources.dataSource.destroy();
      await database.drop();
    },
  };
};

const listen = async (server: Server): Promise<string> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};
