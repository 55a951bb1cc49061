import type { DocumentChanged } from '@lapidary/contracts/events/collection-events';
import { advanceHlc, formatHlc, parseHlc, type HlcStamp } from '@lapidary/kernel/hybrid-logical-clock';
import { actorOf } from '@lapidary/replication/automerge/document-actor';
import { DocumentEngine } from '@lapidary/replication/automerge/document-engine';
import { applyChange, heldUntilMs } from '@lapidary/replication/collections/apply-change';
import type { CollectionTransaction, Site } from '@lapidary/replication/collections/collection-store';
import { applyDefinition } from '@lapidary/replication/collections/definitions';
import type { Register } from '@lapidary/replication/merge/register';
import { MemoryCollections, MemoryDatabase, type OutboxEvent } from './memory-collections.ts';
import type { Bugs } from './planted-bugs.ts';
import type { Random } from './random.ts';

/** Thrown where a process dies: nothing that was not committed is left, nothing in memory survives. */
export class Crash extends Error {}

export interface Numbered extends OutboxEvent {
  readonly sequence: number;
}

/** One region: a database that survives, and a process that may die at every wait. */
export class SimRegion {
  readonly name: string;
  database = new MemoryDatabase();
  skewMs = 0;
  private readonly now: () => number;
  private readonly random: Random;
  private readonly bugs: Bugs;
  private readonly reached: (what: string) => void;
  private clock: HlcStamp;
  private engine: DocumentEngine;
  private events = 0;
  /** Waits until the process dies; Infinity: it lives on. */
  private untilCrash = Infinity;

  constructor(name: string, now: () => number, random: Random, bugs: Bugs, reached: (what: string) => void) {
    this.name = name;
    this.now = now;
    this.random = random;
    this.bugs = bugs;
    this.reached = reached;
    this.clock = { ms: 0, counter: 0, region: name };
    this.engine = new DocumentEngine(actorOf(name, 1));
  }

  nowMs(): number {
    return this.now() + this.skewMs;
  }

  get site(): Site {
    return {
      region: this.name,
      epoch: 1,
      nested: this.engine,
      tick: (after) => {
        const seen = this.bugs.has('clock-ignores-state') ? undefined : (parseHlc(after) ?? undefined);
        this.clock = advanceHlc(this.clock, this.nowMs(), seen);
        return formatHlc(this.clock);
      },
    };
  }

  /** Arms a crash: at some wait of the next transaction, or right after its commit. */
  armCrash(): void {
    this.untilCrash = 1 + this.random.below(12);
  }

  /** No crash any more, and the right time. */
  calm(): void {
    this.untilCrash = Infinity;
    this.skewMs = 0;
  }

  /** All or nothing, as Postgres does it. */
  async inTx<T>(work: (tx: MemoryCollections, database: MemoryDatabase) => Promise<T>): Promise<T> {
    const copy = this.database.copy();
    const tx = new MemoryCollections(
      copy,
      () => `${this.name}-${this.events++}`,
      async (what) => this.touch(what),
    );
    try {
      const result = await work(tx, copy);
      const ofDigest = this.bugs.onDigest(this.database, copy);
      await this.touch('commit');
      this.database = copy;
      await this.touch('answer');
      copy.digestChanges.push(...ofDigest);
      return result;
    } catch (error) {
      if (error instanceof Crash) this.restart();
      throw error;
    } finally {
      this.untilCrash = Infinity;
    }
  }

  private async touch(what: string): Promise<void> {
    await Promise.resolve();
    if (--this.untilCrash > 0) return;
    this.reached(`crash at ${what}`);
    throw new Crash(what);
  }

  private restart(): void {
    this.clock = { ms: 0, counter: 0, region: this.name };
    this.engine = new DocumentEngine(actorOf(this.name, 1));
  }

  /** Takes in events that are next in order, with their position, in one transaction (I5). */
  async take(origin: string, events: readonly Numbered[], through: number): Promise<void> {
    if (this.bugs.has('vector-apart')) {
      await this.inTx(async (_, database) => void database.vector.set(origin, through));
    }
    await this.inTx(async (tx, database) => {
      for (const event of events) {
        if (database.inbox.has(event.id)) continue;
        database.inbox.add(event.id);
        await this.apply(tx, database, origin, event);
      }
      database.vector.set(origin, Math.max(database.vector.get(origin) ?? 0, through));
    });
  }

  private async apply(tx: CollectionTransaction, database: MemoryDatabase, origin: string, event: OutboxEvent): Promise<void> {
    if (event.type === 'lapidary.collection.defined.v1') {
      const { collection, definition } = event.data as { collection: string; definition: Register };
      await applyDefinition(tx, collection, definition);
      return;
    }
    const changed = this.bugs.onWire(event.data as DocumentChanged, origin);
    const dueMs = heldUntilMs(changed, this.nowMs());
    if (dueMs !== null) {
      this.reached('held');
      if (!this.bugs.has('held-forgotten')) database.held.push({ id: event.id, dueMs, event: changed });
      return;
    }
    await this.merge(tx, event.id, origin, changed);
  }

  private async merge(tx: CollectionTransaction, id: string, origin: string, changed: DocumentChanged): Promise<void> {
    const note = { event: id, origin, actor: 'sim', requestId: 'sim', at: '' };
    await applyChange(this.bugs.onStore(tx), this.engine, changed, note);
  }

  async releaseHeld(): Promise<void> {
    await this.inTx(async (tx, database) => {
      const due = database.held.filter((h) => h.dueMs <= this.nowMs());
      for (const held of due) await this.merge(tx, held.id, held.id.split('-')[0]!, held.event as DocumentChanged);
      database.held = database.held.filter((h) => !due.includes(h));
      if (due.length > 0) this.reached('held change released');
    });
  }

  log(): Numbered[] {
    return this.database.outbox.map((event, i) => ({ ...event, sequence: i + 1 }));
  }
}
