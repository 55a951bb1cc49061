import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ControlPlaneConfigSchema } from '@lapidary/config/control-plane';
import { directoryStream, geoStream } from '@lapidary/contracts/subjects';
import { deleteStream } from '@lapidary/messaging/streams';
import { testNats } from '@lapidary/testing/backends';
import type { Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AuthModule } from '../src/auth/auth.module.js';
import { DirectoryModule } from '../src/directory/directory.module.js';
import { HealthModule } from '../src/health/health.module.js';
import { IntentsModule } from '../src/intents/intents.module.js';
import { LiveModule } from '../src/live/live.module.js';
import { OutboxModule } from '../src/outbox/outbox.module.js';
import { bringUp } from '../src/process/bring-up.js';
import { createApp } from '../src/process/create-app.js';
import { createResources, type ProcessResources } from '../src/process/resources.js';
import { RegionsModule } from '../src/regions/regions.module.js';
import { ReplicationModule } from '../src/replication/replication.module.js';
import { StampsModule } from '../src/stamps/stamps.module.js';
import { TenantsModule } from '../src/tenants/tenants.module.js';
import { closeApp } from './close-app.js';
import { migratedDatabase } from './migrated-database.js';

export const geodeToken = 'test-admin-token-0123456789';
const features = [
  AuthModule,
  RegionsModule,
  StampsModule,
  TenantsModule,
  OutboxModule,
  DirectoryModule,
  HealthModule,
  ReplicationModule,
  IntentsModule,
  LiveModule,
];

/** A control plane of a region within this process, with a database of its own and a way to one peer. */
export interface Geode {
  readonly region: string;
  readonly app: NestFastifyApplication;
  readonly resources: ProcessResources;
  readonly url: string;
  close(): Promise<void>;
}

export interface PeerOf {
  readonly region: string;
  readonly natsUrl: string;
  readonly roleMax?: 'viewer' | 'operator' | 'admin';
}

export const openGeode = async (region: string, peer: PeerOf, more: readonly Type[] = []): Promise<Geode> => {
  const directory = await mkdtemp(join(tmpdir(), 'lapidary-geode-'));
  const regionOf = (name: string): string =>
    `  ${name}: { displayName: ${name}, jurisdiction: ${name}, location: { latitude: 1, longitude: 1 }, aws: { region: eu-west-1 } }\n`;
  await writeFile(join(directory, 'regions.yaml'), `regions:\n${regionOf(region)}${regionOf(peer.region)}`);
  await writeFile(join(directory, 'token'), geodeToken);
  const database = await migratedDatabase();
  const config = ControlPlaneConfigSchema.parse({
    LAPIDARY_REGION: region,
    LAPIDARY_DATABASE_URL: database.url,
    LAPIDARY_NATS_URL: testNats().url,
    LAPIDARY_STAMPS_DIR: directory,
    LAPIDARY_CONSOLE_DIR: join(directory, 'none'),
    LAPIDARY_ADMIN_TOKEN_FILE: join(directory, 'token'),
    LAPIDARY_LOG_LEVEL: process.env['LAPIDARY_TEST_LOG'] ?? 'silent',
    LAPIDARY_PEERS: JSON.stringify({ [peer.region]: { natsUrl: peer.natsUrl, ...(peer.roleMax ? { roleMax: peer.roleMax } : {}) } }),
  });
  const resources = createResources(config, { processMetrics: false });
  await bringUp(resources, new AbortController().signal);
  const { app } = await createApp(resources, { features: [...features, ...more] });
  await app.listen(0, '127.0.0.1');
  return {
    region,
    app,
    resources,
    url: (await app.getUrl()).replace('[::1]', '127.0.0.1'),
    close: async () => {
      await closeApp(app);
      for (const stream of [geoStream(region), directoryStream(region)]) await deleteStream(resources.nats, stream).catch(() => undefined);
      await Promise.all([resources.nats.close(), resources.natsStreams.close()]);
      await resources.dataSource.destroy();
      await database.drop();
      await rm(directory, { recursive: true });
    },
  };
};

export const askGeode = async (
  geode: Pick<Geode, 'url'>,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
) => {
  const response = await fetch(`${geode.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${geodeToken}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    body: body === undefined ? null : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: (await response.json().catch(() => null)) as Record<string, unknown> };
};
