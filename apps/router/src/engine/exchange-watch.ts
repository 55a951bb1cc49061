import { errorCatalogue, isErrorCode } from '@lapidary/kernel/error-catalogue';
import { nobody, type Described, type Whose } from '../observe/ended-request.js';
import type { RefuseDecision } from '../pipeline/decide.js';
import { RequestDeadline } from '../pipeline/request-deadline.js';
import { nowMs } from '../read-clock.js';
import type { AnswerRelay } from './answer-relay.js';
import type { EngineContext } from './engine-context.js';
import type { RequestBody } from './request-body.js';
import { decisionOf, type Route } from './route-cache.js';

const whoseIs = (route: Route | RefuseDecision | null): Whose => (route === null ? nobody : decisionOf(route));

/** The times of one exchange after another: told to the observer at the end of each, and bounded as a whole. */
export class ExchangeWatch {
  private startedMs = 0;
  /** 0 until it was admitted. */
  private admittedMs = 0;

  readonly deadline: RequestDeadline;

  constructor(private readonly context: Pick<EngineContext, 'observer' | 'policy' | 'metrics'>) {
    this.deadline = new RequestDeadline(context.policy);
  }

  /** `firstByteMs`: 0 for now. */
  begin(firstByteMs: number): void {
    this.startedMs = nowMs();
    this.admittedMs = 0;
    this.deadline.begin(firstByteMs === 0 ? this.startedMs : firstByteMs);
  }

  /** Whether it is the request's own deadline that has passed, and if so, whether it goes on all the same. `answer`: where it has begun. */
  time(route: Route | RefuseDecision | null, body: RequestBody, answer: AnswerRelay | null): 'left' | 'given again' | 'over' {
    const now = nowMs();
    if (now < this.deadline.atMs) return 'left';
    const { tenant, stamp } = whoseIs(route);
    const movedBytes = body.cameBytes + (answer?.wentBytes ?? 0);
    if (this.deadline.goesOn({ tenant, stamp, movedBytes, isStream: answer?.isStream === true }, now)) return 'given again';
    this.context.metrics.lapidary_router_deadlines_total.inc({ phase: answer ? 'answering' : 'waiting' });
    return 'over';
  }

  /** Now, which counts the first time. */
  admitted(): number {
    const now = nowMs();
    if (this.admittedMs === 0) this.admittedMs = now;
    return now;
  }

  /** `answer`: what the client was answered by the stamp, and after how long; null where nothing of it has gone to the client. `ownStatus`: of our answer, where it is not its code's. */
  end(
    outcome: string,
    of: Described,
    route: Route | RefuseDecision | null,
    answer: { status: number } | null,
    headMs: number,
    ownStatus?: number,
  ): void {
    const { startedMs, admittedMs } = this;
    const { observer } = this.context;
    const now = nowMs();
    const whose = whoseIs(route);
    const status = answer?.status ?? ownStatus ?? (isErrorCode(outcome) ? errorCatalogue[outcome].status : 0);
    const waitedMs = admittedMs === 0 ? 0 : admittedMs - startedMs;
    observer.ended(of, whose, { outcome, status, tookMs: now - startedMs, waitedMs, stampMs: answer ? headMs : 0 }, now);
  }
}
