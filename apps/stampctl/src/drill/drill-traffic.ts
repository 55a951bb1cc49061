import { Agent, request } from 'node:http';

/** One request at a time for each router, this often: enough to see an error of a moment, too little to be a load. */
const requestEveryMs = 20;
/** Longer than any answer of a healthy stamp on the same machine. */
const answerMsMax = 5_000;
/** Kinds of failures that a report lists; the rest only counts. */
const failuresListedMax = 20;

export type Phase = 'before' | 'down' | 'after';

export interface PhaseCount {
  readonly router: string;
  readonly phase: Phase;
  requests: number;
  errors: number;
  slowestMs: number;
}

export interface DrillTarget {
  readonly router: string;
  readonly url: string;
  readonly hosts: readonly string[];
}

/** Sends requests through one router until it is told to stop, and counts every one. */
export class DrillTraffic {
  readonly counts: PhaseCount[] = [];
  readonly failures: string[] = [];
  private phase: Phase = 'before';
  private going = true;
  private running: Promise<void> = Promise.resolve();
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(
    private readonly target: DrillTarget,
    private readonly path: string,
  ) {}

  start(): void {
    this.running = this.run();
  }

  enter(phase: Phase): void {
    this.phase = phase;
  }

  /** What is under way is waited for and counted. */
  async stop(): Promise<void> {
    this.going = false;
    await this.running;
    this.agent.destroy();
  }

  private async run(): Promise<void> {
    const { hosts } = this.target;
    for (let n = 0; this.going; n += 1) {
      const begunMs = performance.now();
      const host = hosts[n % hosts.length]!;
      // A request counts for the phase in which it began.
      const count = this.count(this.phase);
      const failure = await this.ask(host);
      const tookMs = performance.now() - begunMs;
      count.requests += 1;
      count.slowestMs = Math.max(count.slowestMs, tookMs);
      if (failure !== null) {
        count.errors += 1;
        if (this.failures.length < failuresListedMax) this.failures.push(`${count.phase}: ${host} by ${this.target.router}: ${failure}`);
      }
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, requestEveryMs - tookMs)));
    }
  }

  private count(phase: Phase): PhaseCount {
    const known = this.counts.find((c) => c.phase === phase);
    if (known) return known;
    const made = { router: this.target.router, phase, requests: 0, errors: 0, slowestMs: 0 };
    this.counts.push(made);
    return made;
  }

  /** null, or what was wrong. */
  private ask(host: string): Promise<string | null> {
    return new Promise((resolve) => {
      const { hostname, port } = new URL(this.target.url);
      const sent = request({ hostname, port, path: this.path, headers: { host }, agent: this.agent, timeout: answerMsMax }, (answer) => {
        answer.resume();
        answer.on('end', () => resolve(answer.statusCode === 200 ? null : `status ${answer.statusCode ?? 0}`));
        answer.on('error', (error) => resolve(error.message));
      });
      sent.on('timeout', () => sent.destroy(new Error('no answer in time')));
      sent.on('error', (error) => resolve(error.message));
      sent.end();
    });
  }
}
