import type { ErrorCode } from '@lapidary/kernel/error-catalogue';
import { HeavyHitters } from './heavy-hitters.js';
import { bucketOf, LogHistogram } from './log-histogram.js';

/** Figures are of whole windows; long enough for a p99 of a few hundred requests, short enough to be called live. */
export const windowMs = 5_000;
/** Tenants followed; each that makes up more than 1/256 of the traffic is among them. */
const tenantsFollowed = 256;
/** Stamps are few; a bound all the same. */
const stampsFollowed = 1024;

/** Codes above 499 that say nothing of how the stamp does: limits, and what the tenant's own state or move asks for. */
const refusals: ReadonlySet<string> = new Set<ErrorCode>([
  'rate_limited',
  'overloaded',
  'stamp_unavailable',
  'tenant_pending',
  'tenant_suspended',
  'tenant_moving',
]);

/** A client that left was served; `own_path`: what the router says of itself. */
const served: ReadonlySet<string> = new Set(['tunnelled', 'client_gone', 'own_path']);

/** How figures count what became of a request: a workload's error is a failure, and what the client should have done otherwise is not. */
export type Ending = 'answered' | 'failed' | 'refused';

export const endingOf = (outcome: string, status: number): Ending => {
  if (outcome === 'answered') return status < 500 ? 'answered' : 'failed';
  if (served.has(outcome)) return 'answered';
  const isOurs = outcome !== 'cut' && status >= 300 && status < 500;
  return isOurs || refusals.has(outcome) ? 'refused' : 'failed';
};

/** One stamp or tenant in the last whole window, as counted. */
export interface CountedRow {
  readonly name: string;
  readonly hits: number;
  /** `hits` may be too high by so much. */
  readonly error: number;
  readonly failed: number;
  readonly refused: number;
  /** Of LogHistogram. */
  readonly times: Uint32Array;
}

export interface CountedWindow {
  readonly seconds: number;
  readonly stamps: readonly CountedRow[];
  readonly tenants: readonly CountedRow[];
}

interface Figures {
  requests: number;
  failed: number;
  refused: number;
  readonly times: LogHistogram;
}

const fresh = (): Figures => ({ requests: 0, failed: 0, refused: 0, times: new LogHistogram() });
const reset = (figures: Figures): void => {
  figures.requests = figures.failed = figures.refused = 0;
  figures.times.clear();
};

class Window {
  /** −1: nothing has come yet. */
  startedMs = -1;
  readonly tenants = new HeavyHitters<Figures>(tenantsFollowed, fresh, reset);
  readonly stamps = new HeavyHitters<Figures>(stampsFollowed, fresh, reset);

  clear(nowMs: number): void {
    this.startedMs = nowMs;
    this.tenants.clear();
    this.stamps.clear();
  }
}

/** Requests by stamp and by the tenants with most of them, of the last whole window (RED: rate, errors, duration). */
export class TrafficFigures {
  private present = new Window();
  private last = new Window();
  private lastMs = 0;

  /** `tookMs`: from the request to the end of its answer. */
  ended(tenant: string, stamp: string, ending: Ending, tookMs: number, nowMs: number): void {
    this.roll(nowMs);
    const bucket = bucketOf(tookMs);
    note(this.present.tenants.hit(tenant), ending, bucket);
    note(this.present.stamps.hit(stamp), ending, bucket);
  }

  read(nowMs: number, tenantsShown: number): CountedWindow {
    this.roll(nowMs);
    const rows = (hitters: HeavyHitters<Figures>, count: number): CountedRow[] =>
      hitters.top(count).map(({ key: name, count: hits, error, value: { failed, refused, times } }) => {
        return { name, hits, error, failed, refused, times: times.read() };
      });
    return {
      seconds: this.lastMs / 1000,
      stamps: rows(this.last.stamps, stampsFollowed),
      tenants: rows(this.last.tenants, tenantsShown),
    };
  }

  private roll(nowMs: number): void {
    if (this.present.startedMs < 0) this.present.startedMs = nowMs;
    const passedMs = nowMs - this.present.startedMs;
    if (passedMs < windowMs) return;
    [this.present, this.last] = [this.last, this.present];
    this.lastMs = passedMs;
    // Nobody looked and nothing came for more than a window: what was then is not "last".
    if (passedMs >= 2 * windowMs) this.last.clear(nowMs);
    this.present.clear(nowMs);
  }
}

const note = (figures: Figures, ending: Ending, bucket: number): void => {
  figures.requests += 1;
  if (ending === 'refused') figures.refused += 1;
  else if (ending === 'failed') figures.failed += 1;
  if (ending !== 'refused') figures.times.addTo(bucket);
};
