import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ControlPlaneConfigSchema, type ControlPlaneConfig } from '@lapidary/config/control-plane';
import { RouterConfigSchema } from '@lapidary/config/router';
import { StampAgentConfigSchema } from '@lapidary/config/stamp-agent';
import { secretDigest } from '@lapidary/control-plane/auth/token-digest';
import { systemContext } from '@lapidary/control-plane/http/command-context';
import type { TestRegion } from '@lapidary/control-plane/outbox/testing/test-region';
import { readVersion } from '@lapidary/control-plane/process/version';
import { activateStamp } from '@lapidary/control-plane/stamps/activate-stamp';
import { declareStamp } from '@lapidary/control-plane/stamps/declare-stamp';
import { inTransaction } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import { waitFor } from '@lapidary/kernel/wait-for';
import { Router } from '@lapidary/router/router';
import { startAgent, type Agent } from '@lapidary/stamp-agent/agent';
import { testNats } from '@lapidary/testing/backends';

/** Of the first two of them the agents are real; the others have only rows. */
export const stampCount = 10;
export const agentCount = 2;
export const graphDigest = 'b'.repeat(64);
export const { templateVersion } = readVersion('.');
export const patienceMs = 60_000;
/** Cursors that live writes don't reach within a round; mending a region passes over them (watched-region.ts). */
export const cursorsAhead = 100_000;

/** A folder with the files that a region's stamps are declared by, and its configuration. */
export const layOut = async ({ name, url }: TestRegion, peer: string): Promise<{ folder: string; config: ControlPlaneConfig }> => {
  const folder = await mkdtemp(join(tmpdir(), 'lapidary-watched-'));
  await writeFile(join(folder, 'defaults.yaml'), defaults);
  await writeFile(join(folder, 'regions.yaml'), `regions:\n${[name, peer].map(regionLine).join('')}`);
  const config = ControlPlaneConfigSchema.parse({
    LAPIDARY_REGION: name,
    LAPIDARY_DATABASE_URL: url,
    LAPIDARY_NATS_URL: testNats().url,
    LAPIDARY_STAMPS_DIR: folder,
    LAPIDARY_LOCAL_PROCESS_DIR: folder,
    LAPIDARY_LOCAL_POSTGRES_ADMIN_URL: url,
  });
  return { folder, config };
};

export const addStamps = async ({ name: region, dataSource, clock }: TestRegion): Promise<void> => {
  for (let i = 1; i <= stampCount; i++) {
    const name = `${region}-${i}`;
    await inTransaction(dataSource, async (tx) => {
      const context = systemContext(region, 'test', newId());
      await declareStamp(tx, context, clock, specOf(region, name) as never);
      const outputs = {
        frontDoors: [`http://${name}.test:8000`],
        agentTokenSha256: secretDigest(tokenOf(name)),
        templateVersion,
        graphDigest,
      };
      await activateStamp(tx, context, clock, name, outputs);
    });
    if (i <= agentCount) continue;
    await dataSource.query(
      `INSERT INTO stamp_observation (stamp, instance_id, epoch, last_heartbeat_at, front_door, workload_version)
       VALUES ($1, 'none', 0, now() + interval '1 day', '', '0.1.0')`,
      [name],
    );
  }
};

export const startRouter = async ({ name, logger }: TestRegion, folder: string): Promise<Router> => {
  const config = RouterConfigSchema.parse({
    LAPIDARY_REGION: name,
    LAPIDARY_ROUTER_ID: 'one',
    LAPIDARY_HTTP_PORT: 0,
    LAPIDARY_ADMIN_PORT: 0,
    LAPIDARY_NATS_URL: testNats().url,
    LAPIDARY_DIRECTORY_FILE: join(folder, 'directory.copy'),
  });
  const router = new Router({ config, logger, processMetrics: false });
  await router.start();
  await waitFor('the router to follow', () => router.directory.isLive || undefined, { timeoutMs: patienceMs });
  return router;
};

export const startAgentOf = async ({ name, logger }: TestRegion, index: number): Promise<Agent> => {
  const stamp = `${name}-${index}`;
  const config = StampAgentConfigSchema.parse({
    LAPIDARY_STAMP: stamp,
    LAPIDARY_REGION: name,
    LAPIDARY_AGENT_TOKEN: tokenOf(stamp),
    LAPIDARY_HTTP_PORT: 0,
    LAPIDARY_WORKLOAD_URL: 'http://127.0.0.1:9',
    LAPIDARY_NATS_URL: testNats().url,
  });
  return await startAgent(config, logger);
};

const tokenOf = (stamp: string): string => `token-of-${stamp}-0123456789`;
const regionLine = (name: string): string =>
  `  ${name}: { displayName: ${name}, jurisdiction: ${name}, location: { latitude: 1, longitude: 1 }, aws: { region: eu-west-1 } }\n`;
const specOf = (region: string, name: string): object => ({
  ...{ name, region, driver: 'local', profile: 'small', ring: 'broad', isolation: 'pooled' },
  ...{ capacity: { units: 500 }, workload: { version: '0.1.0' }, labels: {} },
});
const defaults = `driver: local
profile: small
ring: broad
isolation: pooled
capacity: { units: 500 }
workload: { version: 0.1.0 }
labels: {}
`;
