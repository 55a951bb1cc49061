import { startTraffic } from '@lapidary/router/traffic.fixture';
import type { Habits } from '../wire/habits.ts';
import { startRecorder } from '../wire/recorder.ts';
import type { World } from './run-request-case.ts';

/** The ways a request can take through the router. All must behave alike: each runs the same corpus. */
export const routerPaths = ['general'] as const;
export type RouterPath = (typeof routerPaths)[number];

export interface Subject extends World {
  close(): Promise<void>;
}

/** A router in this process, with one tenant, acme, at epoch 1, whose stamp reads by these habits and records. */
export const startSubject = async (path: RouterPath, habits: Habits): Promise<Subject> => {
  const recorder = await startRecorder(habits);
  const traffic = await startTraffic([recorder.url]);
  return {
    port: traffic.port,
    recorder,
    path,
    close: async () => {
      await traffic.close();
      await recorder.close();
    },
  };
};
