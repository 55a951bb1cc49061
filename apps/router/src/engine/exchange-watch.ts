import { errorCatalogue, isErrorCode } from '@lapidary/kernel/error-catalogue';
import type { Described, Whose } from '../observe/ended-request.js';
import type { Observer } from '../observe/observer.js';
import type { RefuseDecision } from '../pipeline/decide.js';
import { nowMs } from '../read-clock.js';
import { decisionOf, type Route } from './route-cache.js';

const nobody: Whose = { tenant: null, stamp: null };

/** The times of one exchange after another, told to the observer at the end of each. */
export class ExchangeWatch {
  private startedMs = 0;
  /** 0 until it was admitted. */
  private admittedMs = 0;

  constructor(private readonly observer: Observer) {}

  begin(): void {
    this.startedMs = nowMs();
    this.admittedMs = 0;
  }

  /** Now, which counts the first time. */
  admitted(): number {
    const now = nowMs();
    if (this.admittedMs === 0) this.admittedMs = now;
    return now;
  }

  /** `answer`: what the client was answered by the stamp, and after how long; null where nothing of it has gone to the client. */
  end(outcome: string, of: Described, route: Route | RefuseDecision | null, answer: { status: number } | null, headMs: number): void {
    const { startedMs, admittedMs, observer } = this;
    const now = nowMs();
    const whose = route === null ? nobody : decisionOf(route);
    const status = answer?.status ?? (isErrorCode(outcome) ? errorCatalogue[outcome].status : 0);
    const waitedMs = admittedMs === 0 ? 0 : admittedMs - startedMs;
    observer.ended(of, whose, { outcome, status, tookMs: now - startedMs, waitedMs, stampMs: answer ? headMs : 0 }, now);
  }
}
