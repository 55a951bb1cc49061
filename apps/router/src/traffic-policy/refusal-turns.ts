/**
 * Refusals that a thread answers in a second. At 20 to 40 µs for each, reading and writing included, they take less than a tenth of it, whatever
 * refused clients do; a client that keeps to Retry-After is never among so many.
 */
export const refusalsPerSecond = 2_000;
/** Answered at once, so that one that is refused now and then waits for nothing. */
export const refusalsAtOnce = 200;
/** Between two looks at who waits. */
export const refusalTickMs = 5;
/** A thread that turns late has no time to spare: it answers no more refusals for it than for two ticks. */
const lateMsMax = 2 * refusalTickMs;
/** Turns of the loop that those of one tick are spread over: all at once they hold up whoever comes meanwhile by tens of microseconds each. */
const partsOfTick = 4;
/** With more waiting than this takes, they go faster: nobody who is refused is held for long, and memory is that of its connection. */
const waitMsUsual = 1_000;

/** Somebody who is to be told no. */
export interface Refusable {
  onTurn(): void;
}

/**
 * Refusals take turns (P-TH1, P-BH1). A refused client that comes back at once costs the router nearly what a request costs, and many of
 * them would take the thread from everybody else. What is beyond the bound waits for its answer, by tenant and in turns, so that a tenant with one
 * refusal doesn't wait for those of a noisy one. Nothing else is held up: who is admitted never comes here.
 */
export class RefusalTurns {
  /** First in, first out for each tenant, and for what is of none; these in the order of their turns. */
  private readonly queues = new Map<string | null, Set<Refusable>>();
  private count = 0;
  private left = refusalsAtOnce;
  private filledAtMs = 0;
  private timer: NodeJS.Timeout | null = null;
  private isOpen = false;
  /** Those of the last tick whose turn has not come. */
  private due = 0;
  private atOnce = 0;
  private isGoingOn = false;

  /** `report` is told of one whose answer throws; the others go on. `later`: on the loop's next turn. */
  constructor(
    private readonly report: (error: unknown) => void,
    private readonly clock: () => number = () => performance.now(),
    private readonly later: (next: () => void) => void = (next) => void setImmediate(next),
  ) {}

  get waiting(): number {
    return this.count;
  }

  /** Whether a refusal may be answered now, which counts it. */
  mayAnswer(): boolean {
    if (this.isOpen) return true;
    if (this.count > 0) return false;
    this.fill();
    if (this.left < 1) return false;
    this.left -= 1;
    return true;
  }

  /** `who` is told when its turn has come, unless it leaves. */
  wait(tenant: string | null, who: Refusable): void {
    const queue = this.queues.get(tenant);
    if (queue) queue.add(who);
    else this.queues.set(tenant, new Set([who]));
    this.count += 1;
    this.timer ??= setInterval(() => this.turn(), refusalTickMs);
  }

  /** As wait, for who can't leave. */
  turnOf(tenant: string | null): Promise<void> {
    return new Promise((resolve) => this.wait(tenant, { onTurn: resolve }));
  }

  leave(tenant: string | null, who: Refusable): void {
    const queue = this.queues.get(tenant);
    if (!queue?.delete(who)) return;
    if (queue.size === 0) this.queues.delete(tenant);
    this.count -= 1;
    this.stopIfEmpty();
  }

  /** Those whose turn it is by now are told, a few in each turn of the loop. */
  turn(): void {
    // The loop has turned too seldom for all of the last tick.
    this.tell(this.due);
    this.fill(lateMsMax);
    this.due = Math.max(Math.floor(this.left), Math.ceil((this.count * refusalTickMs) / waitMsUsual));
    this.atOnce = Math.ceil(this.due / partsOfTick);
    this.tellSome();
  }

  private tellSome(): void {
    this.tell(Math.min(this.atOnce, this.due));
    this.due = Math.min(this.due, this.count);
    if (this.due > 0 && !this.isGoingOn) {
      this.isGoingOn = true;
      this.later(() => {
        this.isGoingOn = false;
        this.tellSome();
      });
    }
    this.stopIfEmpty();
  }

  private tell(some: number): void {
    for (let i = 0; i < some && this.count > 0; i += 1) this.tellNext();
    this.due -= some;
  }

  /** From now on nobody waits, and who waits is told: a router that leaves has no time to lose. */
  open(): void {
    this.isOpen = true;
    for (let left = this.count; left > 0; left -= 1) this.tellNext();
    this.stopIfEmpty();
  }

  private tellNext(): void {
    const [tenant, queue] = this.queues.entries().next().value!;
    const who = queue.values().next().value!;
    queue.delete(who);
    this.queues.delete(tenant);
    if (queue.size > 0) this.queues.set(tenant, queue);
    this.count -= 1;
    this.left = Math.max(0, this.left - 1);
    try {
      who.onTurn();
    } catch (error) {
      this.report(error);
    }
  }

  private fill(passedMsMax = Infinity): void {
    const nowMs = this.clock();
    const passedMs = Math.min(passedMsMax, nowMs - this.filledAtMs);
    this.left = Math.min(refusalsAtOnce, this.left + (passedMs * refusalsPerSecond) / 1000);
    this.filledAtMs = nowMs;
  }

  private stopIfEmpty(): void {
    if (this.count > 0 || !this.timer) return;
    clearInterval(this.timer);
    this.timer = null;
  }
}
