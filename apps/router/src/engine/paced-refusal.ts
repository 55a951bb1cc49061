import { isFrozen, type Frozen, type Thaw } from '../pipeline/thaw.js';
import type { RefuseDecision } from '../pipeline/decide.js';
import type { Refusable, RefusalTurns } from '../traffic-policy/refusal-turns.js';

/** The refusal of an exchange's request, from the decision to its turn to be answered; where its tenant is frozen that may pass. */
export class PacedRefusal implements Refusable, Frozen {
  private hasWaited = false;
  /** What is answered where its time is over before its tenant is thawed. */
  private frozen: RefuseDecision | null = null;
  private decision: RefuseDecision | null = null;

  constructor(
    private readonly context: { readonly refusals: RefusalTurns; readonly thaw: Thaw },
    private readonly exchange: { answerRefusal(decision: RefuseDecision): void; proceedAnew(): void },
  ) {}

  /** Answers now, and says true, or when its turn has come. */
  begin(decision: RefuseDecision): boolean {
    if (isFrozen(decision) && !this.hasWaited && this.context.thaw.wait(this, decision, performance.now())) {
      this.hasWaited = true;
      this.frozen = decision;
      return false;
    }
    // I3: no byte of it may be read any more, so it can't be kept open.
    if (decision.unread || this.context.refusals.mayAnswer()) {
      this.exchange.answerRefusal(decision);
      return true;
    }
    this.decision = decision;
    this.context.refusals.wait(decision.tenant, this);
    return false;
  }

  get isWaiting(): boolean {
    return this.decision !== null || this.frozen !== null;
  }

  onThaw(): void {
    this.frozen = null;
    this.exchange.proceedAnew();
  }

  /** Its turn has come, or it has waited for too long. */
  onTurn(): void {
    const decision = this.decision ?? this.frozen;
    this.forget();
    if (decision) this.exchange.answerRefusal(decision);
  }

  /** Whoever was to be told is gone. */
  forget(): void {
    if (this.decision) this.context.refusals.leave(this.decision.tenant, this);
    this.decision = this.frozen = null;
    if (this.hasWaited) this.context.thaw.leave(this);
    this.hasWaited = false;
  }
}
