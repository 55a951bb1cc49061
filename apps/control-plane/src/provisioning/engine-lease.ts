import type { Tx } from '@lapidary/db/transaction';
import { rowsOf } from '@lapidary/db/rows';
import { AppError } from '@lapidary/kernel/app-error';
import { machineNowMs } from '@lapidary/kernel/machine-clock';
import { StopReason } from '../jobs/stop-reason.js';
import { engineLeaseMarginMs, engineLeaseMs, engineLeaseRenewMs } from './provision-limits.js';
import { runProvisioner, type ChildFailure, type ChildOptions, type ProvisionResult } from './provisioner-child.js';

type Reader = Pick<Tx, 'query'>;

export interface EngineLeaseTimes {
  readonly leaseMs: number;
  readonly renewMs: number;
  /** How much earlier than the lease's end its holder gives up. */
  readonly marginMs: number;
}

const standardTimes: EngineLeaseTimes = { leaseMs: engineLeaseMs, renewMs: engineLeaseRenewMs, marginMs: engineLeaseMarginMs };

/** Postgres's clock alone says whether a lease has run out. The token of each holder is higher than all before. */
const takeLease = async (db: Reader, stack: string, owner: string, operation: string, leaseMs: number): Promise<number | null> => {
  const [row] = await rowsOf<{ token: string }>(
    db,
    `INSERT INTO engine_lease AS l (stack, token, owner, operation, taken_at, valid_until)
     VALUES ($1, 1, $2, $3, clock_timestamp(), clock_timestamp() + $4 * interval '1 ms')
     ON CONFLICT (stack) DO UPDATE
       SET token = l.token + 1, owner = excluded.owner, operation = excluded.operation,
           taken_at = excluded.taken_at, valid_until = excluded.valid_until
       WHERE l.valid_until < clock_timestamp()
     RETURNING token`,
    [stack, owner, operation, leaseMs],
  );
  return row === undefined ? null : Number(row.token);
};

const renewLease = async (db: Reader, stack: string, token: number, leaseMs: number): Promise<boolean> =>
  (
    await rowsOf(
      db,
      `UPDATE engine_lease SET valid_until = clock_timestamp() + $3 * interval '1 ms'
        WHERE stack = $1 AND token = $2 AND valid_until >= clock_timestamp() RETURNING 1`,
      [stack, token, leaseMs],
    )
  ).length > 0;

/** The row stays: its token must go on growing. */
const releaseLease = async (db: Reader, stack: string, token: number): Promise<void> => {
  await db.query(`UPDATE engine_lease SET valid_until = 'epoch' WHERE stack = $1 AND token = $2`, [stack, token]);
};

const heldByAnother = async (db: Reader, stack: string): Promise<AppError> => {
  const [row] = await rowsOf<{ owner: string; operation: string; taken_at: Date }>(
    db,
    'SELECT owner, operation, taken_at FROM engine_lease WHERE stack = $1',
    [stack],
  );
  const child: ChildFailure = { kind: 'locked', retry: true };
  const holder = row === undefined ? 'another' : `${row.owner} for "${row.operation}" since ${row.taken_at.toISOString()}`;
  return new AppError('provision_failed', `The stack ${stack} is held by ${holder}`, { details: { child, engineCode: 'locked' } });
};

/** Taken for a child that crashed: the next one waits for whoever has the stack, and finds what this one did. */
const lostIt = (stack: string): AppError => {
  const child: ChildFailure = { kind: 'crashed', retry: true };
  const message = `The lease on the stack ${stack} was lost; its child was stopped, and what it did is saved`;
  return new AppError('provision_failed', message, { details: { child, engineCode: 'lease_lost' } });
};

/**
 * Runs a child that changes things under the stack's lease in Postgres, which holds across machines where the engine's own lock
 * file does not. Whoever can't renew gives up before the lease ends: the child is told to stop, and ends by itself at the end
 * whatever it does; its token then opens no state file any more (infra/engine/state-file.ts).
 */
export const underEngineLease =
  (db: Reader, owner: string, times: EngineLeaseTimes = standardTimes) =>
  async (options: ChildOptions): Promise<ProvisionResult> => {
    const { operation, spec } = options.run;
    const stack = spec.name;
    const askedAtMs = machineNowMs();
    const token = await takeLease(db, stack, owner, operation, times.leaseMs);
    if (token === null) throw await heldByAnother(db, stack);
    const keeper = new EngineLeaseKeeper(() => renewLease(db, stack, token, times.leaseMs), times, askedAtMs);
    let gone = false;
    try {
      const result = await runProvisioner({
        ...options,
        run: { ...options.run, lease: { token, untilMs: keeper.untilMs } },
        signal: AbortSignal.any([options.signal, keeper.lost]),
        renewals: keeper,
        onGone: () => (gone = true),
      });
      return result;
    } catch (error) {
      throw keeper.lost.aborted && !options.signal.aborted ? lostIt(stack) : error;
    } finally {
      keeper.stop();
      // A child that was left behind at shut-down still works; its lease runs out when it has ended for sure.
      if (gone) await releaseLease(db, stack, token).catch(() => undefined);
    }
  };

/** Deadlines count from before the question to Postgres was sent: its lease can only end later than we think. */
class EngineLeaseKeeper {
  private readonly lostController = new AbortController();
  untilMs: number;
  private timer: NodeJS.Timeout | undefined;
  private tell: ((untilMs: number) => void) | undefined;

  constructor(
    private readonly renew: () => Promise<boolean>,
    private readonly times: EngineLeaseTimes,
    askedAtMs: number,
  ) {
    this.untilMs = askedAtMs + times.leaseMs - times.marginMs;
    this.schedule();
  }

  get lost(): AbortSignal {
    return this.lostController.signal;
  }

  private get leftMs(): number {
    return Math.max(0, this.untilMs - machineNowMs());
  }

  /** Told after every renewal until when the lease is good. */
  follow(tell: (untilMs: number) => void): void {
    this.tell = tell;
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.tell = undefined;
  }

  private schedule(): void {
    if (this.leftMs <= 0) return this.lose();
    this.timer = setTimeout(() => void this.look(), Math.min(this.times.renewMs, this.leftMs));
  }

  private async look(): Promise<void> {
    const askedAtMs = machineNowMs();
    // Set before the question, so that one that hangs can't hide the end of the lease.
    this.schedule();
    try {
      if (!(await this.renew())) return this.lose();
      this.untilMs = Math.max(this.untilMs, askedAtMs + this.times.leaseMs - this.times.marginMs);
      this.tell?.(this.untilMs);
    } catch {
      // Postgres is away: asked again at the next tick, until the lease may have run out.
    }
  }

  private lose(): void {
    if (this.timer === undefined && this.lost.aborted) return;
    this.stop();
    this.lostController.abort(new StopReason('lost'));
  }
}
