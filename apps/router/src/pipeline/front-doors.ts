import type { Clock } from '@lapidary/kernel/clock';
import type { FrontDoorView } from './select.js';

/** Long enough to spare most requests a refused connection, short enough that a restarted door is found again at once. */
const avoidMs = 2_000;

/** Remembers whose turn it is and which front doors have just failed. */
export class FrontDoors implements FrontDoorView {
  private readonly turns = new Map<string, number>();
  private readonly avoidedUntilMs = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  turn(stamp: string): number {
    return this.turns.get(stamp) ?? 0;
  }

  nextTurn(stamp: string): void {
    this.turns.set(stamp, (this.turn(stamp) + 1) % Number.MAX_SAFE_INTEGER);
  }

  hasJustFailed(frontDoor: string): boolean {
    return (this.avoidedUntilMs.get(frontDoor) ?? 0) > this.clock.nowMs();
  }

  failed(frontDoor: string): void {
    this.avoidedUntilMs.set(frontDoor, this.clock.nowMs() + avoidMs);
  }

  answered(frontDoor: string): void {
    this.avoidedUntilMs.delete(frontDoor);
  }
}
