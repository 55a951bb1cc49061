import { nowMs } from '../read-clock.js';

/** Deadlines are seconds; a tenth of one more or less is nothing to a client, and one timer serves every connection. */
export const wheelTickMs = 100;
/** 51 s round; what is due later is looked at once a round. */
const slots = 512;

/** A deadline that moves: intrusive, so that arming one allocates nothing. */
export class Deadline {
  /** 0: not armed. */
  dueMs = 0;
  slot = -1;
  /** Not before this its slot is looked at; what is due later may stay there. */
  slotMs = 0;
  previous: Deadline | null = null;
  next: Deadline | null = null;

  constructor(readonly onExpire: () => void) {}
}

/**
 * Coarse deadlines for many connections: never early, at most two ticks late. A deadline that is pushed back only changes
 * its number, and moves when its slot comes round; thus a deadline for every byte of progress costs one store. It turns behind
 * what has come in: where the process stood still, what came meanwhile is seen before anybody is given up for being late.
 */
export class DeadlineWheel {
  private readonly heads: (Deadline | null)[] = Array.from({ length: slots }, () => null);
  private timer: NodeJS.Timeout | null = null;
  private count = 0;
  private tick = 0;

  /** `report` is told of a deadline whose owner throws; the others go on. */
  constructor(
    private readonly report: (error: unknown) => void,
    private readonly clock: () => number = nowMs,
  ) {}

  get size(): number {
    return this.count;
  }

  /** Due `ms` from now, or at `latestMs` where that is sooner, whatever was armed before. */
  arm(deadline: Deadline, ms: number, latestMs = Infinity): void {
    const now = this.clock();
    const dueMs = now + ms;
    deadline.dueMs = dueMs < latestMs ? dueMs : latestMs;
    if (deadline.slot >= 0) {
      if (deadline.dueMs >= deadline.slotMs) return;
      this.unlink(deadline);
    }
    if (this.count === 0) this.tick = this.tickOf(now);
    this.link(deadline);
    this.timer ??= setInterval(() => void setImmediate(() => this.turn()), wheelTickMs);
  }

  disarm(deadline: Deadline): void {
    deadline.dueMs = 0;
    if (deadline.slot >= 0) this.unlink(deadline);
    this.stopIfEmpty();
  }

  /** Runs what is due by now. */
  turn(): void {
    const now = this.tickOf(this.clock());
    // After a pause of more than a round each slot is looked at once.
    this.tick = Math.max(this.tick, now - slots);
    while (this.tick < now) {
      this.tick += 1;
      this.turnSlot(this.tick % slots);
    }
    this.stopIfEmpty();
  }

  private turnSlot(slot: number): void {
    // Taken off first: what expires may arm and disarm others, in this slot too.
    let deadline = this.heads[slot] ?? null;
    const due: Deadline[] = [];
    while (deadline) {
      const { next } = deadline;
      this.unlink(deadline);
      if (deadline.dueMs <= this.tick * wheelTickMs) due.push(deadline);
      else this.link(deadline);
      deadline = next;
    }
    for (const expired of due) {
      // Pushed back or disarmed by one that expired before it.
      if (expired.slot >= 0 || expired.dueMs === 0) continue;
      expired.dueMs = 0;
      try {
        expired.onExpire();
      } catch (error) {
        this.report(error);
      }
    }
  }

  private tickOf(ms: number): number {
    return Math.floor(ms / wheelTickMs);
  }

  /** Into the slot of its tick, or for what is due later than a round, the last one to come round. */
  private link(deadline: Deadline): void {
    const dueTick = Math.ceil(deadline.dueMs / wheelTickMs);
    const tick = Math.min(Math.max(dueTick, this.tick + 1), this.tick + slots);
    const slot = tick % slots;
    const head = this.heads[slot] ?? null;
    deadline.slot = slot;
    deadline.slotMs = tick * wheelTickMs;
    deadline.next = head;
    deadline.previous = null;
    if (head) head.previous = deadline;
    this.heads[slot] = deadline;
    this.count += 1;
  }

  private unlink(deadline: Deadline): void {
    if (deadline.previous) deadline.previous.next = deadline.next;
    else this.heads[deadline.slot] = deadline.next;
    if (deadline.next) deadline.next.previous = deadline.previous;
    deadline.slot = -1;
    deadline.previous = deadline.next = null;
    this.count -= 1;
  }

  private stopIfEmpty(): void {
    if (this.count > 0 || !this.timer) return;
    clearInterval(this.timer);
    this.timer = null;
  }
}
