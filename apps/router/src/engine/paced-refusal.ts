import type { RefuseDecision } from '../pipeline/decide.js';
import type { Refusable, RefusalTurns } from '../traffic-policy/refusal-turns.js';

/** The refusal of an exchange's request, from the decision to its turn to be answered. */
export class PacedRefusal implements Refusable {
  private decision: RefuseDecision | null = null;

  constructor(
    private readonly turns: RefusalTurns,
    private readonly answer: (decision: RefuseDecision) => void,
  ) {}

  /** Answers now, and says true, or when its turn has come. */
  begin(decision: RefuseDecision): boolean {
    // I3: no byte of it may be read any more, so it can't be kept open.
    if (decision.unread || this.turns.mayAnswer()) {
      this.answer(decision);
      return true;
    }
    this.decision = decision;
    this.turns.wait(keyOf(decision), this);
    return false;
  }

  get isWaiting(): boolean {
    return this.decision !== null;
  }

  /** Its turn has come, or it has waited for too long. */
  onTurn(): void {
    const { decision } = this;
    this.forget();
    if (decision) this.answer(decision);
  }

  /** Whoever was to be told is gone. */
  forget(): void {
    if (this.decision) this.turns.leave(keyOf(this.decision), this);
    this.decision = null;
  }
}

const keyOf = ({ tenant }: RefuseDecision): string => tenant ?? '';
