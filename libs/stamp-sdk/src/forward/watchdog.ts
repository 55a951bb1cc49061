/**
 * One deadline that moves: started for a phase, pushed back by progress. Costs one timer per request, and refreshing is cheap. Before it
 * expires the loop takes in what has come: a process that stood still must not give up for late what was there in time.
 */
export class Watchdog {
  private timer: NodeJS.Timeout | null = null;
  private lastLook: NodeJS.Immediate | null = null;

  constructor(private readonly onExpire: () => void) {}

  start(ms: number): void {
    this.stop();
    this.timer = setTimeout(() => {
      this.lastLook = setImmediate(this.onExpire);
    }, ms);
  }

  readonly touch = (): void => {
    this.timer?.refresh();
    this.lookNoMore();
  };

  stop(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.lookNoMore();
  }

  private lookNoMore(): void {
    if (this.lastLook) clearImmediate(this.lastLook);
    this.lastLook = null;
  }
}
