import type { Tx } from '@lapidary/db/transaction';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import type { NatsConnection } from '@nats-io/transport-node';
import { overriding } from '@lapidary/testing/overriding';
import type { DataSource } from 'typeorm';

export class Killed extends Error {}

/** `before`: what it waits for there never begins. `after`: it happens, and nobody hears of it. */
export type KilledHow = 'before' | 'after';

/** A process that is killed at its n-th wait for database or NATS: nothing that it would do after that is done, and nothing arrives any more. */
export class Mortal {
  /** Where it was killed; null: it lived to its end. */
  killedAt: string | null = null;
  private waits = 0;
  private readonly begun = new Set<Promise<unknown>>();

  constructor(
    private readonly killAt: number,
    private readonly how: KilledHow,
  ) {}

  /** What it had begun when it was killed has ended: a server goes on with what it was asked. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.begun);
  }

  dataSource(real: DataSource): DataSource {
    const query = (on: Pick<Tx, 'query'>) => (sql: string, parameters?: unknown[]) =>
      this.wait(sql.trim().slice(0, 40), async () => on.query(sql, parameters) as Promise<unknown>);
    const transaction = async (work: (tx: Tx) => Promise<unknown>): Promise<unknown> => {
      let answer: unknown;
      await real.transaction(async (tx) => {
        answer = await work(overriding(tx, { query: query(tx) as never }));
        // A kill before the commit rolls back.
        if (!this.countsAs('commit', 'before')) throw new Killed('commit');
      });
      if (!this.countsAs('commit', 'after')) throw new Killed('commit');
      return answer;
    };
    return overriding(real, { query: query(real) as never, transaction: transaction as never });
  }

  nats(real: NatsLink): NatsLink {
    const request = (nc: NatsConnection) => (subject: string, data?: never, options?: never) =>
      this.wait(`publish ${subject}`, async () => nc.request(subject, data, options));
    return overriding(real, {
      get connection() {
        return overriding(real.connection, { request: request(real.connection) as never });
      },
    });
  }

  private async wait<T>(place: string, work: () => Promise<T>): Promise<T> {
    if (this.killedAt !== null) throw new Killed(place);
    this.waits += 1;
    const isLast = this.waits === this.killAt;
    if (isLast && this.how === 'before') this.killedAt = place;
    if (this.killedAt !== null) throw new Killed(place);
    const working = work();
    this.begun.add(working);
    const answer = await working;
    if (isLast) this.killedAt ??= place;
    if (this.killedAt !== null) throw new Killed(place);
    return answer;
  }

  /** A place that is no call of its own; false: it is dead. */
  private countsAs(place: string, side: KilledHow): boolean {
    if (this.killedAt !== null) return false;
    if (side === 'before') this.waits += 1;
    if (this.waits === this.killAt && this.how === side) this.killedAt = place;
    return this.killedAt === null;
  }
}
