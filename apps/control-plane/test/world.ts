import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ControlPlaneConfigSchema, type ControlPlaneConfig } from '@lapidary/config/control-plane';
import type { StampSpec } from '@lapidary/contracts/stamp-spec';
import { inTransaction, type Tx } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import { testNats } from '@lapidary/testing/backends';
import type { Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { secretDigest } from '../src/auth/token-digest.js';
import { systemContext, type CommandContext } from '../src/http/command-context.js';
import { bringUp } from '../src/process/bring-up.js';
import { createApp } from '../src/process/create-app.js';
import { domainFeatures } from '../src/process/features.js';
import { createResources, type ProcessResources } from '../src/process/resources.js';
import { activateStamp } from '../src/stamps/activate-stamp.js';
import { declareStamp } from '../src/stamps/declare-stamp.js';
import { closeApp } from './close-app.js';
import { migratedDatabase } from './migrated-database.js';

export const adminToken = 'test-admin-token-0123456789';
export const home = 'eu';
/** Nobody listens there: for worlds that publish, since all of them are one region, and would find each other's streams. */
export const noNats = 'nats://127.0.0.1:1';
export const otherRegion = 'us';

/** Set to "warn" to see why a test fails. */
const logLevel = 'silent';

const regionsYaml = `regions:
  eu: { displayName: Europe, jurisdiction: eu-law, location: { latitude: 53, longitude: -6 }, aws: { region: eu-west-1 } }
  us: { displayName: America, jurisdiction: us-law, location: { latitude: 38, longitude: -77 }, aws: { region: us-east-1 } }
`;

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: Record<string, unknown> & { items?: Record<string, unknown>[] };
}

export interface Ask {
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** null: no Authorization header. */
  readonly token?: string | null;
}

/** One control plane of region "eu" on a database that several worlds may share. */
export interface World {
  readonly app: NestFastifyApplication;
  readonly resources: ProcessResources;
  ask(method: string, path: string, ask?: Ask): Promise<Answer>;
  query<T>(sql: string, parameters?: unknown[]): Promise<T[]>;
  inTx<T>(work: (tx: Tx, context: CommandContext) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface WorldDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

export const openDatabase = async (): Promise<WorldDatabase> => await migratedDatabase();

export const openWorld = async (
  database: WorldDatabase,
  options: {
    readonly features?: readonly Type[];
    readonly consoleDir?: string;
    readonly natsUrl?: string;
    readonly peers?: readonly string[];
    /** More of the configuration, as variables. */
    readonly environment?: Readonly<Record<string, string>>;
  } = {},
): Promise<World> => {
  const directory = await mkdtemp(join(tmpdir(), 'lapidary-world-'));
  await writeFile(join(directory, 'regions.yaml'), regionsYaml);
  await writeFile(join(directory, 'token'), adminToken);
  const config: ControlPlaneConfig = ControlPlaneConfigSchema.parse({
    LAPIDARY_REGION: home,
    LAPIDARY_DATABASE_URL: database.url,
    LAPIDARY_NATS_URL: options.natsUrl ?? testNats().url,
    LAPIDARY_STAMPS_DIR: directory,
    LAPIDARY_CONSOLE_DIR: options.consoleDir ?? join(directory, 'none'),
    LAPIDARY_ADMIN_TOKEN_FILE: join(directory, 'token'),
    LAPIDARY_LOG_LEVEL: logLevel,
    // Known, and never heard.
    LAPIDARY_PEERS: JSON.stringify(Object.fromEntries((options.peers ?? []).map((peer) => [peer, { natsUrl: noNats }]))),
    ...options.environment,
  });
  const resources = createResources(config, { processMetrics: false });
  await bringUp(resources, new AbortController().signal);
  const { app } = await createApp(resources, { features: options.features ?? domainFeatures });
  return {
    app,
    resources,
    ask: (method, path, ask) => askApp(app, method, path, ask),
    query: (sql, parameters) => resources.dataSource.query(sql, parameters),
    inTx: (work) => inTransaction(resources.dataSource, (tx) => work(tx, systemContext(home, 'test', newId()))),
    close: async () => {
      await closeApp(app);
      await Promise.all([resources.nats.close(), resources.natsStreams.close()]);
      await resources.dataSource.destroy();
      await rm(directory, { recursive: true });
    },
  };
};

const askApp = async (app: NestFastifyApplication, method: string, path: string, ask: Ask = {}): Promise<Answer> => {
  const token = ask.token === undefined ? adminToken : ask.token;
  const response = await app.inject({
    method: method as 'GET',
    url: path,
    headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...ask.headers },
    ...(ask.body === undefined ? {} : { payload: ask.body as object }),
  });
  const isJson = String(response.headers['content-type']).includes('json');
  return {
    status: response.statusCode,
    headers: response.headers,
    body: (isJson && response.payload !== '' ? response.json() : { text: response.payload }) as Answer['body'],
  };
};

export const specOf = (name: string, units: number, more: Partial<StampSpec> = {}): StampSpec => ({
  name,
  region: home,
  driver: 'local',
  profile: 'small',
  ring: 'broad',
  isolation: 'pooled',
  capacity: { units },
  workload: { version: '0.1.0' },
  labels: {},
  ...more,
});

export const outputsOf = (name: string, agentTokenSha256 = 'a'.repeat(64)) => ({
  frontDoors: [`http://${name}.test:8000`],
  agentTokenSha256,
  templateVersion: '1.0.0',
  graphDigest: 'b'.repeat(64),
});

/** A stamp that serves, as the provisioning job would leave it. */
export const addStamp = async (world: World, name: string, units: number, more: Partial<StampSpec> = {}): Promise<void> => {
  const { clock } = world.resources;
  await world.inTx(async (tx, context) => {
    await declareStamp(tx, context, clock, specOf(name, units, more));
    await activateStamp(tx, context, clock, name, outputsOf(name));
  });
};

/** A token of its own for somebody with one role. */
export const addToken = async (world: World, name: string, role: string, region = '*'): Promise<string> => {
  const token = `token-of-${name}-0123456789`;
  await world.query(`INSERT INTO api_token (id, name, sha256) VALUES ($1, $1, $2)`, [name, secretDigest(token)]);
  await world.query(`INSERT INTO role_binding (principal, role, region) VALUES ($1, $2, $3)`, [`token:${name}`, role, region]);
  return token;
};

export const tenantInput = (id: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({ id, region: home, ...more });
