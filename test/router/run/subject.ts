import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import type { TrafficServer } from '@lapidary/router/server';
import { makeCertificate, putCertificate } from '@lapidary/router/tls/certificate.fixture';
import { TlsServer } from '@lapidary/router/tls/tls-server';
import { RouterPolicy } from '@lapidary/router/traffic-policy/router-policy';
import { startTraffic, type TestTraffic } from '@lapidary/router/traffic.fixture';
import { createLogger } from '@lapidary/telemetry/logger';
import type { Habits } from '../wire/habits.ts';
import { startRecorder } from '../wire/recorder.ts';
import type { World } from './run-request-case.ts';

/** The ways a request can take through the router. All must behave alike: each runs the same corpus. */
export const routerPaths = ['fast', 'general'] as const;
export type RouterPath = (typeof routerPaths)[number];
/** The same, and the general path behind TLS. */
export const waysIn = [...routerPaths, 'tls'] as const;
type WayIn = (typeof waysIn)[number];

/** Longer than a loaded machine needs, shorter than the runner's patience: some cases end by them. */
const patientTimeouts = { connectMs: 2_500, headMs: 2_500, idleMs: 2_500 };

export interface Subject extends World {
  close(): Promise<void>;
}

/** Takes every outcome for a good one: here stamps misbehave on purpose, and an open breaker would answer in their place. */
class ForgivingPolicy extends RouterPolicy {
  override attempted(...[stamp, frontDoor, , tookMs, nowMs, tenant]: Parameters<RouterPolicy['attempted']>): void {
    super.attempted(stamp, frontDoor, 'answered', tookMs, nowMs, tenant);
  }
}

const serverName = 'acme.lapidary.localhost';

/** TLS before the general path, as the router has it. */
const startTls = async (traffic: TestTraffic): Promise<{ readonly port: number; close(): Promise<void> }> => {
  const folder = await mkdtemp(join(tmpdir(), 'lapidary-certificates-'));
  await putCertificate(folder, 'base', makeCertificate([serverName]));
  const general = traffic.server as TrafficServer;
  const attach = (socket: TLSSocket): void => general.attach(socket);
  const logger = createLogger('test', 'silent');
  const server = await TlsServer.start({ folder, metrics: traffic.metrics, logger, onHttp1: attach, onHttp2: attach });
  return {
    port: await server.listen({ host: '127.0.0.1', port: 0 }),
    close: async () => {
      await server.close(0);
      return rm(folder, { recursive: true });
    },
  };
};

/** A router in this process, with one tenant, acme, at epoch 1, whose stamp reads by these habits and records. */
export const startSubject = async (way: WayIn, habits: Habits): Promise<Subject> => {
  const recorder = await startRecorder(habits);
  const path = way === 'tls' ? 'general' : way;
  const traffic = await startTraffic([recorder.url], { timeouts: patientTimeouts, policy: new ForgivingPolicy(), on: path });
  const tls = way === 'tls' ? await startTls(traffic) : undefined;
  return {
    port: tls?.port ?? traffic.port,
    serverName: tls && serverName,
    recorder,
    path,
    close: async () => {
      await tls?.close();
      await traffic.close();
      await recorder.close();
    },
  };
};
