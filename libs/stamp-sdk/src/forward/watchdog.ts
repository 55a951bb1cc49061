/** One deadline that moves: started for a phase, pushed back by progress. Costs one timer per request, and refreshing is cheap. */
export class Watchdog {
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly onExpire: () => void) {}

  start(ms: number): void {
    this.stop();
    this.timer = setTimeout(this.onExpire, ms);
  }

  readonly touch = (): void => {
    this.timer?.refresh();
  };

  stop(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }
}
