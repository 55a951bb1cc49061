import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ControlPlaneConfigSchema } from '@lapidary/config/control-plane';
import type { JobEvents, JobView } from '@lapidary/contracts/api/jobs';
import { agentHealthPath } from '@lapidary/contracts/workload';
import { waitFor } from '@lapidary/kernel/wait-for';
import { testNats } from '@lapidary/testing/backends';
import type { Type } from '@nestjs/common';
import { DecommissionModule } from '../src/decommission/decommission.module.js';
import { JobsModule } from '../src/jobs/jobs.module.js';
import { bringUp } from '../src/process/bring-up.js';
import { createApp } from '../src/process/create-app.js';
import { domainFeatures } from '../src/process/features.js';
import { createResources } from '../src/process/resources.js';
import { ProvisioningModule } from '../src/provisioning/provisioning.module.js';
import { closeApp } from './close-app.js';
import { installFakeEngine, installRealEngine } from './provision-engine.js';
import { scratchFolder } from '@lapidary/infra/testing/scratch';
import { migratedDatabase } from './migrated-database.js';

const adminToken = 'test-admin-token-0123456789';
const regionsOf = (own: string): string => `regions:
  ${own}: { displayName: Europe, jurisdiction: eu, location: { latitude: 50, longitude: 8 }, aws: { region: eu-central-1 } }
  us: { displayName: America, jurisdiction: us, location: { latitude: 38, longitude: -77 }, aws: { region: us-east-1 } }
`;
const defaults = (frontDoor: string): string => `driver: local
profile: small
ring: broad
isolation: pooled
capacity: { units: 100 }
workload: { version: "1.0.0" }
labels: { front-door: "${frontDoor}" }
`;

export interface ProvisionWorld {
  readonly url: string;
  readonly stampsDir: string;
  /** Holds `state`, `processes`, `snapshots`. */
  readonly directory: string;
  readonly databaseUrl: string;
  ask<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; body: T; headers: Headers }>;
  query<T>(sql: string, parameters?: unknown[]): Promise<T[]>;
  /** As if the stamp's agent had registered and kept beating. */
  registerAgent(stamp: string): Promise<void>;
  jobIs(id: string, status: string, timeoutMs?: number): Promise<JobView>;
  eventsOf(id: string): Promise<JobEvents['items']>;
  setFrontDoorStatus(status: number): void;
  /** A part of the process, for what no request reaches. */
  part<T>(type: Type<T>): T;
  close(): Promise<void>;
}

export interface ProvisionWorldOptions {
  readonly features?: readonly Type[];
  /** Whose children run; test/fake-provisioner.mjs if left out. */
  readonly engine?: 'fake' | 'real';
  /** "eu" if left out. What the real engine makes is named by it on a server that all tests share. */
  readonly region?: string;
}

/** A control plane with jobs and provisioning over HTTP; the front door of fake stamps is a server here. */
export const openProvisionWorld = async (options: ProvisionWorldOptions = {}): Promise<ProvisionWorld> => {
  const { region = 'eu', engine: whose = 'fake' } = options;
  const database = await migratedDatabase();
  const directory = await scratchFolder('provision');
  let frontDoorStatus = 200;
  const door = createServer((request, response) => response.writeHead(request.url === agentHealthPath ? frontDoorStatus : 404).end());
  const stampsDir = join(directory, 'stamps');
  await Promise.all([mkdir(stampsDir), mkdir(join(directory, 'processes'))]);
  const engine = await (whose === 'real' ? installRealEngine : installFakeEngine)(directory);
  await writeFile(join(directory, 'token'), adminToken);
  await writeFile(join(directory, 'passphrase'), 'a passphrase for tests');
  await writeFile(join(stampsDir, 'regions.yaml'), regionsOf(region));
  await writeFile(join(stampsDir, 'defaults.yaml'), defaults(await listen(door)));
  const resources = createResources(
    ControlPlaneConfigSchema.parse({
      LAPIDARY_REGION: region,
      LAPIDARY_DATABASE_URL: database.url,
      LAPIDARY_NATS_URL: testNats().url,
      LAPIDARY_STAMPS_DIR: stampsDir,
      LAPIDARY_ROOT_DIR: directory,
      LAPIDARY_CONSOLE_DIR: join(directory, 'none'),
      LAPIDARY_ENGINE_STATE_DIR: join(directory, 'state'),
      LAPIDARY_ENGINE_PASSPHRASE_FILE: join(directory, 'passphrase'),
      LAPIDARY_SNAPSHOT_DIR: join(directory, 'snapshots'),
      LAPIDARY_LOCAL_PROCESS_DIR: join(directory, 'processes'),
      LAPIDARY_LOCAL_POSTGRES_ADMIN_URL: database.url,
      LAPIDARY_ADMIN_TOKEN_FILE: join(directory, 'token'),
      LAPIDARY_LOG_LEVEL: process.env['LAPIDARY_LOG_LEVEL'] ?? 'silent',
    }),
    { processMetrics: false },
  );
  await bringUp(resources, new AbortController().signal);
  const { app } = await createApp(resources, {
    features: [...domainFeatures, JobsModule, ProvisioningModule, DecommissionModule, ...(options.features ?? [])],
  });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();

  const ask: ProvisionWorld['ask'] = async (method, path, body, headers = {}) => {
    const json = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${adminToken}`, ...json, ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? ({} as never) : JSON.parse(text) };
  };
  const query: ProvisionWorld['query'] = (sql, parameters) => resources.dataSource.query(sql, parameters);
  const world: ProvisionWorld = {
    url,
    stampsDir,
    directory,
    databaseUrl: database.url,
    ask,
    query,
    registerAgent: async (stamp) => {
      await query(`UPDATE stamp SET epoch = epoch + 1 WHERE name = $1`, [stamp]);
      await query(
        `INSERT INTO stamp_observation (stamp, instance_id, epoch, last_heartbeat_at, front_door, workload_healthy)
         SELECT name, 'agent', epoch, now() + interval '1 hour', 'http://x', true FROM stamp WHERE name = $1
         ON CONFLICT (stamp) DO UPDATE SET epoch = excluded.epoch`,
        [stamp],
      );
    },
    jobIs: async (id, status, timeoutMs = 30_000) =>
      await waitFor(
        `job ${id} to be ${status}`,
        async () => {
          const { body } = await ask<JobView>('GET', `/v1/jobs/${id}`);
          if (body.status === 'failed' && status !== 'failed') throw new Error(`the job failed: ${JSON.stringify(body.error)}`);
          return body.status === status ? body : undefined;
        },
        { timeoutMs },
      ),
    eventsOf: async (id) => (await ask<JobEvents>('GET', `/v1/jobs/${id}/events`)).body.items,
    part: (type) => app.get(type, { strict: false }),
    setFrontDoorStatus: (status) => (frontDoorStatus = status),
    close: async () => {
      await closeApp(app);
      await engine.stop();
      await Promise.all([resources.nats.close(), resources.natsStreams.close()]);
      await resources.dataSource.destroy();
      door.close();
      await rm(directory, { recursive: true });
      await database.drop();
    },
  };
  await waitFor('the job queue', async () => ((await app.inject({ url: '/readyz' })).payload.includes('"jobs"') ? undefined : true), {
    timeoutMs: 60_000,
  });
  return world;
};

const listen = async (server: Server): Promise<string> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};
