import { agentHealthPath } from '@lapidary/contracts/workload';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { waitFor } from '@lapidary/kernel/wait-for';
import { healthRequestMs, heartbeatsMissedMax, pollMs } from './provision-limits.js';

export interface Observation {
  readonly epoch: number;
  readonly workloadHealthy: boolean;
}

/** The stamp's agent as its region sees it, if it is registered under the stamp's present epoch and was heard lately. */
export const freshObservation = async (reader: Pick<Tx, 'query'>, stamp: string, heartbeatMs: number): Promise<Observation | undefined> =>
  (
    await rowsOf<Observation>(
      reader,
      `SELECT o.epoch, o.workload_healthy AS "workloadHealthy" FROM stamp_observation o JOIN stamp s ON s.name = o.stamp
       WHERE o.stamp = $1 AND o.epoch = s.epoch AND o.last_heartbeat_at > clock_timestamp() - $2 * interval '1 millisecond'`,
      [stamp, heartbeatMs * heartbeatsMissedMax],
    )
  )[0];

export interface WaitOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

export const waitForAgent = async (
  reader: Pick<Tx, 'query'>,
  stamp: string,
  heartbeatMs: number,
  options: WaitOptions,
): Promise<Observation> =>
  await waitFor(`the agent of ${stamp} to register`, () => freshObservation(reader, stamp, heartbeatMs), {
    ...options,
    intervalMs: pollMs,
  });

/** A stamp whose agent answers but whose workload does not serve is not ready for tenants. */
export const waitForWorkload = async (
  reader: Pick<Tx, 'query'>,
  stamp: string,
  heartbeatMs: number,
  options: WaitOptions,
): Promise<void> => {
  await waitFor(
    `the workload of ${stamp} to be healthy`,
    async () => ((await freshObservation(reader, stamp, heartbeatMs))?.workloadHealthy ? true : undefined),
    { ...options, intervalMs: pollMs },
  );
};

/** Asks each front door for the agent's health until it answers 200. */
export const waitForFrontDoors = async (frontDoors: readonly string[], options: WaitOptions): Promise<void> => {
  for (const door of frontDoors) {
    const url = new URL(agentHealthPath, door);
    let last = 'no answer yet';
    const ask = async (): Promise<true | undefined> => {
      try {
        const signal = AbortSignal.any([options.signal, AbortSignal.timeout(healthRequestMs)]);
        const response = await fetch(url, { signal, redirect: 'manual' });
        await response.body?.cancel();
        last = `it answers ${response.status}`;
        return response.status === 200 ? true : undefined;
      } catch (error) {
        last = error instanceof Error ? String((error.cause as Error | undefined)?.message ?? error.message) : String(error);
        return undefined;
      }
    };
    await waitFor(`${url.href} to answer 200`, ask, { ...options, intervalMs: pollMs }).catch((error: unknown) => {
      if (error instanceof Error) error.message += ` (${last})`;
      throw error;
    });
  }
};
