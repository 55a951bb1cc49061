import { AggregatorRegistry } from 'prom-client';
import type { MetricPages } from '../takers.js';

const onlyGrows = ({ type }: { readonly type: unknown }): boolean => String(type) !== 'gauge';

/**
 * What workers have counted, so that no sum of theirs ever falls: whoever reads counters takes one that fell for one that began anew, and counts all of it
 * once more. A worker that is gone leaves its counts behind, as far as it has told them, and one that does not answer in time those that it told last. How things
 * stand (gauges) is told by those that answer.
 */
export class KeptCounts {
  /** By the worker's place among the workers. */
  private readonly last = new Map<number, MetricPages>();
  /** Of all that are gone, added up. */
  private gone: Promise<MetricPages> = Promise.resolve([]);

  told(worker: number, pages: MetricPages): void {
    this.last.set(worker, pages.filter(onlyGrows));
  }

  /** Another one may take its place from now on. */
  ended(worker: number): void {
    const pages = this.last.get(worker);
    this.last.delete(worker);
    if (pages) this.gone = this.gone.then((before) => AggregatorRegistry.aggregate([before, pages]).getMetricsAsJSON());
  }

  /** As of now: what has to be added to the pages of those `answered`, none of which is gone. */
  async besides(answered: ReadonlySet<number>): Promise<readonly MetricPages[]> {
    const late = [...this.last].filter(([worker]) => !answered.has(worker)).map(([, pages]) => pages);
    return [await this.gone, ...late];
  }
}
