import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { agentHealthPath } from '@lapidary/contracts/workload';
import type { Door } from './door.js';

export interface HealthCheckTimes {
  /** Between two checks of a door that is well. */
  readonly everyMs: number;
  /** Of one that is not: the sooner it is found again, the fewer requests are refused. */
  readonly everyMsIll: number;
  /** An agent answers from memory. */
  readonly answerMs: number;
}

export const usualHealthChecks: HealthCheckTimes = { everyMs: 5_000, everyMsIll: 500, answerMs: 1_000 };

/** Checks under way at a time, over all stamps: with an answer in a second, some hundred doors a second at worst. */
const underWayMax = 64;
/** Whoever looks at a door has it for so many times what an answer may take; where it dies of it, another looks then. */
const claimTimes = 5;
/** Looks which doors are due. */
const lookMs = 100;
/** Parts of the interval by which checks are spread, so that routers and doors don't beat in step. */
const jitter = 0.3;

/**
 * Active checks of the front doors that are in use: of their agent's health, over a connection of its own, so that a
 * door whose pool is stuck is still told apart from one that is gone. Of several workers one looks at each door, and all go by what it finds (L4). A stamp without an agent is well while it answers.
 */
export class HealthChecks {
  private readonly underWay = new Set<Door>();
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly doors: () => Iterable<Door>,
    private readonly times: HealthCheckTimes = usualHealthChecks,
  ) {}

  start(): void {
    this.timer = setInterval(() => this.look(performance.now()), lookMs);
  }

  stop(): void {
    if (this.timer) clearInterval(this.timer);
  }

  private look(nowMs: number): void {
    for (const door of this.doors()) {
      if (this.underWay.has(door) || this.underWay.size >= underWayMax) continue;
      // A new door is given its first requests first.
      const { everyMsIll, answerMs } = this.times;
      if (door.health.claimCheck(everyMsIll * Math.random(), claimTimes * answerMs, nowMs)) void this.check(door);
    }
  }

  private async check(door: Door): Promise<void> {
    this.underWay.add(door);
    const isWell = await answersWell(door.url, this.times.answerMs);
    door.checked(isWell);
    this.underWay.delete(door);
    const everyMs = isWell && door.breaker.state === 'closed' ? this.times.everyMs : this.times.everyMsIll;
    door.health.checkNext(performance.now() + everyMs * (1 + jitter * (Math.random() - 0.5)));
  }
}

/** Any answer below 500: what isn't an agent may not know the path. */
const answersWell = (door: string, answerMs: number): Promise<boolean> =>
  new Promise((resolve) => {
    const url = new URL(door.replace(/\/$/, '') + agentHealthPath);
    const asking = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, { agent: false }, (answer) => {
      answer.resume();
      resolve((answer.statusCode ?? 500) < 500);
    });
    const timer = setTimeout(() => asking.destroy(new Error('no answer in time')), answerMs);
    asking.on('error', () => resolve(false));
    asking.on('close', () => clearTimeout(timer));
    asking.end();
  });
