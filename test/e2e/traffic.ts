import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { throughRouter } from './router-client.js';

export interface TrafficResult {
  /** Ids of the orders that were answered 201, one per idempotency key. */
  readonly acknowledged: readonly string[];
  /** Answers and connection errors by kind, for the test's message. */
  readonly answers: Readonly<Record<string, number>>;
  /** Longest time without any success, in milliseconds. */
  readonly longestOutageMs: number;
}

export interface Traffic {
  /** Orders acknowledged so far. */
  count(): number;
  /** Ends after the order under way is acknowledged too, so that what exists and what was acknowledged must be equal. */
  stop(): Promise<TrafficResult>;
}

/** One order at a time and a short pause: enough to notice an outage, little enough for two cores, which have a fleet to run. */
const pauseMs = 60;
/** Longer than any outage that heals by itself. */
const lastOrderMs = 60_000;

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
    let open = false;
    while (running || open) {
      if (!running && Date.now() - lastSuccess > lastOrderMs)
        throw new Error(`the last order was never acknowledged: ${JSON.stringify(answers)}`);
      open = true;
      try {
        const answer = await throughRouter(router, host, '/api/orders', {
          method: 'POST',
          headers: { 'idempotency-key': key },
          body: { lines: [{ sku, quantity: 1 }] },
        });
        // Of what must not be seen, all that it said.
        count(answer.status >= 400 && answer.status < 500 ? `${answer.status} ${answer.body}` : String(answer.status));
        if (answer.status === 201) {
          acknowledged.push((JSON.parse(answer.body) as { id: string }).id);
          key = randomUUID();
          open = false;
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
  // A failure is told by stop(); until then nobody awaits it.
  done.catch(() => undefined);
  return {
    count: () => acknowledged.length,
    async stop() {
      running = false;
      await done;
      return { acknowledged, answers, longestOutageMs: Math.max(longestOutageMs, Date.now() - lastSuccess) };
    },
  };
};
