import { AppError } from '@lapidary/kernel/app-error';

/** More than a region has; whoever has a router's credentials can give as many names as it likes. */
export const routersMax = 1_000;

/** What each router of the region has said last; in memory, since any replica hears them all. */
export class HeardRouters<T> {
  private readonly said = new Map<string, { readonly what: T; readonly atMs: number }>();

  /** Who is silent for longer is gone: routers come and go without telling. */
  constructor(private readonly forgottenAfterMs: number) {}

  hear(router: string, what: T, nowMs: number = Date.now()): void {
    if (!this.said.has(router) && this.said.size >= routersMax) this.forget(nowMs);
    if (!this.said.has(router) && this.said.size >= routersMax)
      throw new AppError('overloaded', `More than ${routersMax} routers are heard: a new one is not taken in`);
    this.said.set(router, { what, atMs: nowMs });
  }

  /** Names of those that were forgotten by this call. */
  forget(nowMs: number = Date.now()): readonly string[] {
    const gone = [...this.said].filter(([, { atMs }]) => nowMs - atMs > this.forgottenAfterMs).map(([name]) => name);
    for (const name of gone) this.said.delete(name);
    return gone;
  }

  /** Of those that are not gone. */
  live(nowMs: number = Date.now()): readonly (readonly [router: string, what: T])[] {
    this.forget(nowMs);
    return [...this.said].map(([name, { what }]) => [name, what] as const);
  }
}
