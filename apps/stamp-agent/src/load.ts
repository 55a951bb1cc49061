import type { Heartbeat } from '@lapidary/contracts/agent-protocol';
import type { Flights } from './flights.js';

/** What this process uses and serves, as rates since the last look (P-HB1). */
export class Load {
  private requests = 0;
  private cpu = process.cpuUsage();
  private atMs = performance.now();

  constructor(private readonly flights: Flights) {}

  countRequest(): void {
    this.requests += 1;
  }

  take(): Heartbeat['load'] {
    const nowMs = performance.now();
    const seconds = Math.max(nowMs - this.atMs, 1) / 1_000;
    const used = process.cpuUsage(this.cpu);
    const load = {
      cpuPercent: rounded((used.user + used.system) / 10_000 / seconds),
      memoryBytes: process.memoryUsage.rss(),
      requestsPerSecond: rounded(this.requests / seconds),
      inFlight: this.flights.inFlight,
    };
    this.cpu = process.cpuUsage();
    this.atMs = nowMs;
    this.requests = 0;
    return load;
  }
}

const rounded = (value: number): number => Math.max(0, Math.round(value * 10) / 10);
