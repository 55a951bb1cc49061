import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { throughRouter } from './router-client.js';

export interface TrafficResult {
  /** Idempotency keys of orders that were answered 201. */
  readonly acknowledged: readonly string[];
  /** Answers and connection errors by kind, for the test's message. */
  readonly answers: Readonly<Record<string, number>>;
  /** Longest time without any success, in milliseconds. */
  readonly longestOutageMs: number;
}

export interface Traffic {
  stop(): Promise<TrafficResult>;
}

/** One order at a time and a short pause: enough to notice an outage, little enough for two cores. */
const pauseMs = 20;

/**
 * A customer who orders again and again through a router, each order under its own idempotency key and repeated until it
 * is acknowledged or refused for good. What was acknowledged must be there exactly once, whatever was killed meanwhile.
 */
export const startTraffic = (router: string, host: string, sku: string): Traffic => {
  let running = true;
  const acknowledged: string[] = [];
  const answers: Record<string, number> = {};
  let lastSuccess = Date.now();
  let longestOutageMs = 0;
  const count = (kind: string): void => void (answers[kind] = (answers[kind] ?? 0) + 1);
  const loop = async (): Promise<void> => {
    let key = randomUUID();
    while (running) {
      try {
        const answer = await throughRouter(router, host, '/api/orders', {
          method: 'POST',
          headers: { 'idempotency-key': key },
          body: { lines: [{ sku, quantity: 1 }] },
        });
        count(String(answer.status));
        if (answer.status === 201) {
          acknowledged.push(key);
          key = randomUUID();
          longestOutageMs = Math.max(longestOutageMs, Date.now() - lastSuccess);
          lastSuccess = Date.now();
        }
      } catch (error) {
        count((error as NodeJS.ErrnoException).code ?? (error as Error).message);
      }
      await sleep(pauseMs);
    }
  };
  const done = loop();
  return {
    async stop() {
      running = false;
      await done;
      return { acknowledged, answers, longestOutageMs: Math.max(longestOutageMs, Date.now() - lastSuccess) };
    },
  };
};
