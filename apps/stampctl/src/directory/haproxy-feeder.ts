import { routeWord } from './formats.js';
import { changesOneByOneMax, type HaproxyRuntime } from './haproxy-runtime.js';
import { mapChanges } from './map-changes.js';
import type { HostRoute } from './routes.js';

export interface Fed {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  readonly how: 'nothing to do' | 'one by one' | 'all at once';
}

/** Keeps the map of one HAProxy. What it holds is asked anew at each look, since a restart takes it back to its file. */
export class HaproxyFeeder {
  private last: { readonly routes: readonly HostRoute[]; readonly process: string } | null = null;

  constructor(
    private readonly runtime: HaproxyRuntime,
    private readonly read: () => Promise<readonly HostRoute[]>,
  ) {}

  /** Brings HAProxy what the control plane says. Throws where either is away. */
  async look(): Promise<Fed> {
    const routes = await this.read();
    // Asked before: a restart in between is then brought back once too often, never once too little.
    const process = await this.runtime.process();
    const fed = await this.feed(routes);
    this.last = { routes, process };
    return fed;
  }

  /**
   * Where the control plane is away: an HAProxy that has been restarted since the last look has its file's routes, of long ago, and gets those of that
   * look (I7). One that runs still has them, or newer ones of another feeder, which stay. Throws where HAProxy is away.
   */
  async bringBack(): Promise<Fed | null> {
    if (!this.last) return null;
    const process = await this.runtime.process();
    if (process === this.last.process) return null;
    const fed = await this.feed(this.last.routes);
    this.last = { ...this.last, process };
    return fed;
  }

  private async feed(routes: readonly HostRoute[]): Promise<Fed> {
    const changes = mapChanges(await this.runtime.held(), routes);
    const counts = { added: changes.add.length, changed: changes.set.length, removed: changes.remove.length };
    const total = counts.added + counts.changed + counts.removed;
    if (total === 0) return { ...counts, how: 'nothing to do' };
    if (total <= changesOneByOneMax) {
      await this.runtime.change(changes);
      return { ...counts, how: 'one by one' };
    }
    await this.runtime.replace(routes.map((route) => [route.host, routeWord(route)] as const));
    return { ...counts, how: 'all at once' };
  }
}
