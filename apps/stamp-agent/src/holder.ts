import type { HoldCommand, Holdings } from '@lapidary/contracts/agent-protocol';
import type { RouteMark } from '@lapidary/contracts/route-replica';
import { AppError } from '@lapidary/kernel/app-error';
import { HeldTenants, type HoldingsSnapshot, type HoldOutcome } from '@lapidary/stamp-sdk/holdings';
import type { Logger } from '@lapidary/telemetry/logger';
import type { Contact } from './contact.js';
import type { Flights } from './flights.js';
import type { HoldingsFile } from './holdings-file.js';
import { Persister } from './persister.js';

/**
 * What a request that passed the fence before a drop may take to end by itself. Shorter than the time that the control
 * plane waits for its hold request, longer than nearly every request.
 */
const dropGraceMs = 1_000;

/** A question to the control plane that is on its way, and the pushes that overtook its answer. */
export interface OpenQuestion {
  readonly newestCursor: number;
  readonly since: readonly HoldCommand[];
}

/** The one place where what the stamp holds changes: pushes and lists come in, drained flights and the copy on disk go out. */
export class Holder {
  private held = new HeldTenants();
  private readonly questions = new Set<{ newestCursor: number; since: HoldCommand[] }>();
  private readonly changeCallbacks = new Set<() => void>();
  private readonly persister: Persister;
  private ownsFile = true;

  constructor(
    private readonly file: HoldingsFile | null,
    private readonly contact: Contact,
    private readonly flights: Flights,
    private readonly logger: Logger,
  ) {
    this.persister = new Persister(() => this.write());
  }

  epochOf(tenant: string): number {
    return this.held.epochOf(tenant);
  }

  get count(): number {
    return this.held.count;
  }

  get asOf(): number {
    return this.held.asOf;
  }

  get root(): string {
    return this.held.root;
  }

  marks(): Iterable<RouteMark> {
    return this.held.marks();
  }

  /** Asks, collecting the pushes that arrive while the answer is on its way. */
  async ask<T>(question: (open: OpenQuestion) => Promise<T>): Promise<T> {
    const open = { newestCursor: this.held.newestCursor, since: [] };
    this.questions.add(open);
    try {
      return await question(open);
    } finally {
      this.questions.delete(open);
    }
  }

  /** One pushed tenant. When this resolves, a drop is durable and nobody is in flight for the tenant any more. */
  async applyHold(command: HoldCommand): Promise<HoldOutcome> {
    for (const question of this.questions) question.since.push(command);
    const outcome = this.held.applyHold(command);
    this.announce();
    if (this.held.epochOf(command.tenant) !== 0) {
      if (outcome === 'applied') this.persistSoon();
      return outcome;
    }
    // Also where the drop was known already: the control plane repeats a drop that it has no answer to.
    await Promise.all([this.flights.drain(command.tenant, dropGraceMs), this.persist()]);
    return outcome;
  }

  /** The answer to a registration: it replaces everything known before. */
  startSession(list: Holdings, question: OpenQuestion): void {
    this.ownsFile = true;
    this.replace(HeldTenants.from(list, question.since));
  }

  /** The answer to a sync. */
  applyAnswer(list: Holdings, question: OpenQuestion): HoldOutcome {
    if (list.asOf < question.newestCursor) {
      // Cursors only grow within one database: this one was restored from a backup since.
      this.logger.warn({ asOf: list.asOf, known: question.newestCursor }, 'the directory went back; starting anew from its list');
      this.replace(HeldTenants.from(list, question.since));
      return 'applied';
    }
    const before = this.held.tenants();
    const outcome = this.held.applyFull(list);
    this.settle(before, outcome === 'applied' || this.contact.isLimited);
    return outcome;
  }

  /** Starts from the copy on disk; called before anything else is known. */
  restore(snapshot: HoldingsSnapshot): void {
    this.held = HeldTenants.restore(snapshot);
  }

  /** Forgets everything, in memory only: after a fence the copy on disk may be another process's. */
  clear(): void {
    const before = this.held.tenants();
    this.held = new HeldTenants();
    this.ownsFile = false;
    this.settle(before, false);
  }

  /** Calls back after every change; returns how to stop that. */
  onChange(callback: () => void): () => void {
    this.changeCallbacks.add(callback);
    return () => this.changeCallbacks.delete(callback);
  }

  /** Resolves when what is held now is on disk. Where it can't be written, the old copy is removed instead. */
  async persist(): Promise<void> {
    if (this.file === null) return;
    try {
      await this.persister.save();
    } catch (error) {
      this.logger.error({ err: error }, 'the copy on disk could not be written; removing it');
      await this.file.remove().catch((cause: unknown) => {
        throw new AppError('internal', 'A drop could not be made durable', {
          internal: 'holdings file can neither be written nor removed',
          cause,
        });
      });
    }
  }

  private replace(held: HeldTenants): void {
    const before = this.held.tenants();
    this.held = held;
    this.settle(before, true);
  }

  private settle(before: readonly string[], save: boolean): void {
    for (const tenant of before) if (this.held.epochOf(tenant) === 0) void this.flights.drain(tenant, dropGraceMs);
    this.announce();
    if (save) this.persistSoon();
  }

  private persistSoon(): void {
    this.persist().catch((error: unknown) => this.logger.error({ err: error }, 'the copy on disk is stale'));
  }

  /** Tells those who wait to look again. */
  announce(): void {
    for (const callback of [...this.changeCallbacks]) callback();
  }

  private async write(): Promise<void> {
    if (!this.ownsFile) return;
    await this.file?.save({ contactAtMs: this.contact.lastWallMs ?? 0, snapshot: this.held.snapshot() });
  }
}
