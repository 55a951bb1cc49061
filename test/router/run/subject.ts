import { RouterPolicy } from '@lapidary/router/traffic-policy/router-policy';
import { startTraffic } from '@lapidary/router/traffic.fixture';
import type { Habits } from '../wire/habits.ts';
import { startRecorder } from '../wire/recorder.ts';
import type { World } from './run-request-case.ts';
import { serverName, startTls } from './tls-before.ts';

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
