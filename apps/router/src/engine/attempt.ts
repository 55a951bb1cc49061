import type { ForwardResult } from '@lapidary/stamp-sdk/forward/forward-result';
import { attemptOutcome } from '../pipeline/attempt-outcome.js';
import { noteAttempt } from '../pipeline/note-attempt.js';
import type { TrafficPolicy } from '../traffic-policy/traffic-policy.js';
import type { RouterMetrics } from '../metrics.js';
import { nowMs } from '../read-clock.js';

/** One try at one front door, for policy and metrics: opened by choose(), closed exactly once. */
export class Attempt {
  private open = false;
  private stamp = '';
  private door = '';
  private startedMs = 0;
  private headAtMs = 0;
  /** The answer carries x-lapidary-error, which only an agent may set. */
  private agentSpoke = false;

  constructor(
    private readonly policy: TrafficPolicy,
    private readonly metrics: RouterMetrics,
  ) {}

  begin(stamp: string, door: string, startedMs: number): void {
    this.open = true;
    this.stamp = stamp;
    this.door = door;
    this.startedMs = startedMs;
    this.headAtMs = 0;
    this.agentSpoke = false;
  }

  /** The answer's head is here. */
  answers(agentSpoke: boolean): void {
    this.headAtMs = nowMs();
    this.agentSpoke = agentSpoke;
  }

  /** 0 until the answer's head is here. */
  get headMs(): number {
    return this.headAtMs === 0 ? 0 : this.headAtMs - this.startedMs;
  }

  /** Tells what became of it; does nothing where there is no open attempt. */
  end(result: ForwardResult): void {
    if (!this.open) return;
    this.open = false;
    const now = nowMs();
    const tookMs = (this.headAtMs === 0 ? now : this.headAtMs) - this.startedMs;
    this.policy.attempted(this.stamp, this.door, attemptOutcome(result, this.agentSpoke), tookMs, now);
    noteAttempt(this.metrics, this.stamp, result);
  }
}
