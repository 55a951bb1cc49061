import { RouterPolicy } from '@lapidary/router/traffic-policy/router-policy';
import { startTraffic } from '@lapidary/router/traffic.fixture';
import { NetTransport } from '@lapidary/router/transport/net-transport';
import { RawTransport } from '@lapidary/router/transport/raw-transport';
import type { Habits } from '../wire/habits.ts';
import { startRecorder } from '../wire/recorder.ts';
import { startFrontDoor, untilLinked } from './links-before.ts';
import type { World } from './run-request-case.ts';
import { serverName, startTls } from './tls-before.ts';

/** The code that reads a request. */
export const routerPaths = ['fast', 'general'] as const;
export type RouterPath = (typeof routerPaths)[number];
/**
 * What stands before it: sockets of node:net where handles can't be had, streams of TLS (ADR 71). And behind it: a stamp's own front door, with links to it. All must behave alike: each runs
 * the same corpus.
 */
export const waysIn = [...routerPaths, 'net', 'tls', 'general behind TLS', 'links'] as const;
export type WayIn = (typeof waysIn)[number];

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

/** A router in this process, with one tenant, acme, at epoch 1, whose stamp reads by these habits and records. */
export const startSubject = async (way: WayIn, habits: Habits): Promise<Subject> => {
  const recorder = await startRecorder(habits);
  const path = way.startsWith('general') ? 'general' : 'fast';
  const transport = way === 'net' ? new NetTransport() : new RawTransport();
  const door = way === 'links' ? await startFrontDoor(recorder.url) : undefined;
  const traffic = await startTraffic([door?.url ?? recorder.url], {
    timeouts: patientTimeouts,
    policy: new ForgivingPolicy(),
    on: path,
    transport,
    links: door && { routerId: 'router-1', key: null },
  });
  if (door) await untilLinked(traffic, recorder);
  const tls = way === 'tls' || way === 'general behind TLS' ? await startTls(traffic) : undefined;
  return {
    port: tls?.port ?? traffic.port,
    serverName: tls && serverName,
    recorder,
    path: door ? 'links' : path,
    close: async () => {
      await tls?.close();
      await traffic.close();
      await door?.close();
      await recorder.close();
    },
  };
};
