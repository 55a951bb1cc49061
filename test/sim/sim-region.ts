import type { DocumentChanged } from '@lapidary/contracts/events/collection-events';
import { advanceHlc, formatHlc, parseHlc, type HlcStamp } from '@lapidary/kernel/hybrid-logical-clock';
import { AppError } from '@lapidary/kernel/app-error';
import { nextState } from '@lapidary/kernel/transition-table';
import { actorOf } from '@lapidary/replication/automerge/document-actor';
import { DocumentEngine } from '@lapidary/replication/automerge/document-engine';
import { applyChange, heldUntilMs } from '@lapidary/replication/collections/apply-change';
import { keyOfChange, keyText, type DocumentKey, type Site } from '@lapidary/replication/collections/collection-store';
import { joinKnown, type KnownEvents } from '@lapidary/replication/digest/vector-cover';
import { applyDefinition } from '@lapidary/replication/collections/definitions';
import { lookAtSome } from '@lapidary/replication/collections/look-again';
import { own } from '@lapidary/replication/merge/json';
import type { Register } from '@lapidary/replication/merge/register';
import { judgeLog, type KnownOfLog } from '@lapidary/replication/recovery/judge-log';
import { saysMore } from '@lapidary/replication/recovery/reconcile-rules';
import { isFenced, recoveryTable, startedElsewhere } from '@lapidary/replication/recovery/recovery-states';
import type { Position } from '@lapidary/replication/version-vector';
import { MemoryCollections, MemoryDatabase, type OutboxEvent } from './memory-collections.ts';
import type { Carried } from './effects.ts';
import type { Bugs } from './planted-bugs.ts';
import type { LastTaken } from './recovery-state.ts';
import type { Random } from './random.ts';
import { appliedIn } from './applied-in.ts';
import { keepWord, type Said } from './given-up-words.ts';
import { isGuests, mayHold, type Residency } from './residency.ts';

/** So few that worlds need several pieces. */
const lookedAtOnceMax = 2;

/** Thrown where a process dies: nothing that was not committed is left, nothing in memory survives. */
export class Crash extends Error {}

export interface Numbered extends OutboxEvent {
  readonly epoch: number;
  readonly sequence: number;
}

/** One region: a database that survives, and a process that may die at every wait. */
export class SimRegion {
  readonly name: string;
  /** The regions that its configuration names beside itself. */
  readonly peers: readonly string[];
  database = new MemoryDatabase();
  skewMs = 0;
  private readonly now: () => number;
  private readonly random: Random;
  private readonly bugs: Bugs;
  private readonly reached: (what: string) => void;
  private clock: HlcStamp;
  private engine: DocumentEngine;
  private events = 0;
  private isCalm = false;
  private backup: MemoryDatabase | null = null;
  private backupAtMs = 0;
  private readonly carried: Carried;
  /** What the database runs on: another server, or another copy. */
  private identity = 0;
  /** The end of its log in its event stream, which a restore of the database leaves as it is. */
  private stream: LastTaken | null = null;
  /** Changes of histories that had ended without them, by origin. */
  readonly late: string[] = [];
  /** Waits until the process dies; Infinity: it lives on. */
  private untilCrash = Infinity;

  constructor(name: string, now: () => number, random: Random, bugs: Bugs, carried: Carried, reached: (what: string) => void) {
    this.name = name;
    this.peers = ['ap', 'eu', 'us'].filter((peer) => peer !== name);
    this.carried = carried;
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

  /** As epochOfMoment of the product: no two openings fall into one. */
  get moment(): number {
    return this.now() - Date.UTC(2025, 0);
  }

  get site(): Site {
    return {
      region: this.name,
      epoch: this.database.epoch,
      nested: this.bugs.onNested(this.engine),
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
    this.isCalm = true;
    this.untilCrash = Infinity;
    this.skewMs = 0;
  }

  /** All or nothing, as Postgres does it. */
  async inTx<T>(work: (tx: MemoryCollections, database: MemoryDatabase) => Promise<T>, passesFence = false): Promise<T> {
    const copy = this.database.copy();
    copy.nowMs = this.now();
    const tx = new MemoryCollections(
      copy,
      () => `${this.name}-${this.events++}`,
      async (what) => this.touch(what),
      (event) => {
        if (!passesFence && copy.isGivenUp) throw new AppError('region_given_up');
        if (!passesFence && !this.bugs.has('fence-unheeded') && isFenced(copy.recovery.state)) throw new AppError('region_restored');
        if (event.type !== 'lapidary.document.changed.v1') return;
        const changed = event.data as DocumentChanged;
        this.carried.told(copy.effects, keyText(keyOfChange(changed)), event.id, changed.whole);
      },
    );
    try {
      const result = await work(this.bugs.onLedger(tx), copy);
      const ofDigest = this.bugs.onDigest(this.database, copy);
      await this.touch('commit');
      this.database = copy;
      this.publish();
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

  /** As a control plane starts: what it ran on before is looked at before anything works (fence/notice-set-back.ts). */
  private restart(): void {
    this.clock = { ms: 0, counter: 0, region: this.name };
    this.follow();
    if (this.database.identity !== this.identity || this.database.recovery.state === 'sound') {
      const peerEpochs = new Map([...this.database.vector].map(([origin, { epoch }]) => [origin, epoch]));
      this.database = this.database.copy();
      this.database.recovery = { ...this.database.recovery, peerEpochs };
    }
    if (this.database.identity === this.identity) return;
    this.database = this.database.copy();
    this.database.identity = this.identity;
    const { recovery } = this.database;
    const event = startedElsewhere(recovery.state);
    // Whoever was heard before the backup was made may know more by now.
    const state = event === null ? recovery.state : nextState(recoveryTable, recovery.state, event);
    this.database.recovery = { ...recovery, state, done: new Map(), without: new Set() };
    this.reached(`restarted elsewhere, then ${state}`);
  }

  /** B6, and a writer's numbers under the epoch that holds. */
  follow(): void {
    this.observe(this.database.recovery.floor);
    this.engine = new DocumentEngine(actorOf(this.name, this.database.epoch));
  }

  /** Its clock goes beyond what was seen of it. */
  observe(hlc: string): void {
    const floor = this.bugs.has('floor-forgotten') ? null : parseHlc(hlc);
    if (floor) this.clock = advanceHlc(this.clock, this.nowMs(), floor);
  }

  /** Whether others may take in its log as it stands (B2). */
  get isTelling(): boolean {
    const { state } = this.database.recovery;
    return state === 'suspected' || !isFenced(state);
  }

  private publish(): void {
    const { epoch, outbox } = this.database;
    if (this.isTelling && outbox.length > 0) this.stream = { epoch, sequence: outbox.length, event: outbox.at(-1)!.id };
  }

  /** RG2: whether anything of a region’s log is taken in. */
  believes(origin: string): boolean {
    return !this.database.fenced.has(origin) || this.bugs.has('given-up-believed');
  }

  /** It has answered, with a log that was not set back. */
  confirm(origin: string): void {
    const times = (this.database.heard.get(origin)?.times ?? 0) + 1;
    this.database.heard = new Map(this.database.heard).set(origin, { atMs: this.now(), times });
  }

  /** Another region, or its own stream, says how far it knows its log (B2). */
  async hear(from: string, known: KnownOfLog): Promise<void> {
    const { epoch, outbox } = this.database;
    const named = known.last && known.epoch === epoch ? (outbox[known.last.sequence - 1]?.id ?? null) : null;
    const verdict = judgeLog({ epoch, sequence: outbox.length }, known, named);
    if (verdict !== 'behind' && verdict !== 'forked') return;
    this.reached(`${verdict}, as ${from === 'stream' ? 'its stream' : 'a peer'} says`);
    const { state: before, done: heard } = this.database.recovery;
    const isReconciled = before === 'reconciling' || before === 'retelling';
    if (isReconciled && !saysMore(heard.get(from) ?? null, known)) return;
    await this.inTx((_, database) => {
      const { recovery } = database;
      const epochHeard = Math.max(recovery.epochHeard, known.epoch);
      const state = before === 'reconciling' ? before : nextState(recoveryTable, before, 'set-back');
      // Whoever vouched for it, or was heard before its database was set back again, is asked anew; else who knows more than it did.
      const kept = [...recovery.done].filter(([peer]) => before === 'reconciling' && from !== 'stream' && peer !== from);
      database.recovery = { ...recovery, state, epochHeard, done: new Map(kept), without: new Set() };
      return Promise.resolve();
    });
  }

  /** How far it knows another region's log. */
  knowsOf(origin: string): KnownOfLog {
    const at = this.database.vector.get(origin) ?? { epoch: 1, sequence: 0 };
    const last = this.database.lastTaken.get(origin);
    return last && last.epoch === at.epoch ? { ...at, last } : at;
  }

  /** The latest hybrid time of another region that it knows of. */
  latestOf(region: string): string {
    return [...this.database.documents.values()].reduce((latest, { stored }) => {
      const at = stored.state.kind === 'append' ? '' : (own(stored.state.alive.seen, region) ?? '');
      return at > latest ? at : latest;
    }, '');
  }

  /** Whether a change of a document waits here for its time. */
  holdsBack(key: string): boolean {
    return this.database.held.some(({ event }) => keyText(keyOfChange(event as DocumentChanged)) === key);
  }

  /** A transaction of recovery, which passes the fence (B1). */
  async recover(work: (tx: MemoryCollections, database: MemoryDatabase) => Promise<void> | void): Promise<void> {
    await this.inTx(async (tx, database) => work(tx, database), true);
  }

  /** Whether there is a backup that is not older than deletes are remembered: another one does not join (judge-log.ts). */
  hasBackup(tombstoneMs: number): boolean {
    return this.backup !== null && !(this.now() - this.backupAtMs >= tombstoneMs);
  }

  /** Keeps what a backup of this moment holds. */
  backUp(): void {
    this.backup = this.database.copy();
    this.backupAtMs = this.now();
  }

  /**
   * The database is lost, and a backup takes its place: on another server, which is seen at the start, or in place, where the stream
   * tells. Returns the events that it does not have.
   */
  async restore(how: 'elsewhere' | 'in place'): Promise<readonly OutboxEvent[]> {
    const kept = new Set(this.backup!.outbox.map(({ id }) => id));
    const lost = this.database.outbox.filter(({ id }) => !kept.has(id));
    this.database = this.backup!.copy();
    // A disk that was set back together with its stream shows only when a peer is heard; what is written until then may be lost (ADR 62).
    if (how === 'elsewhere' || this.stream === null || this.stream.sequence <= this.backup!.outbox.length) {
      this.identity++;
      this.stream = null;
    } else this.database.identity = this.identity;
    this.untilCrash = Infinity;
    this.restart();
    if (this.stream) await this.hear('stream', { ...this.stream, last: this.stream });
    return lost;
  }

  /** A wait for a peer's answer, in which the process may die. */
  async ask(what: string): Promise<void> {
    if (!this.isCalm && this.random.chance(0.12)) this.untilCrash = 1;
    try {
      await this.touch(what);
    } catch (error) {
      this.untilCrash = Infinity;
      this.restart();
      throw error;
    }
  }

  /** What the origin has begun anew is read anew. */
  async adopt(origin: string, epoch: number): Promise<void> {
    await this.inTx((_, database) => {
      database.vector.set(origin, { epoch, sequence: 0 });
      database.declared.delete(origin);
      database.inbox = new Set([...database.inbox].filter((id) => !id.startsWith(`${origin}-`)));
      database.lastTaken.delete(origin);
      database.owed.delete(origin);
      return Promise.resolve();
    });
  }

  /** Takes in events that are next in order, with their position, in one transaction (I5). */
  async take(origin: string, events: readonly Numbered[], through: Position): Promise<void> {
    if (this.bugs.has('vector-apart')) {
      await this.inTx(async (_, database) => void database.vector.set(origin, through));
    }
    await this.inTx(async (tx, database) => {
      for (const event of events) {
        if (database.inbox.has(event.id)) continue;
        database.inbox.add(event.id);
        await this.apply(tx, database, origin, event);
      }
      database.vector.set(origin, through);
      const last = events.at(-1);
      if (last) database.lastTaken.set(origin, { epoch: last.epoch, sequence: last.sequence, event: last.id });
    }, true);
  }

  /** Contents that an origin owed; everything up to `through` has come. */
  async takeOwed(origin: string, events: readonly Numbered[], through: number): Promise<void> {
    await this.inTx(async (tx, database) => {
      const owed = database.owed.get(origin);
      if (owed && owed.last <= through) database.owed.delete(origin);
      for (const event of events) await this.apply(tx, database, origin, event);
    }, true);
  }

  private async apply(tx: MemoryCollections, database: MemoryDatabase, origin: string, event: Numbered): Promise<void> {
    if (event.type === 'lapidary.region.knows.v1') {
      const { known } = event.data as { known: KnownEvents };
      database.declared.set(origin, { epoch: event.epoch, sequence: event.sequence, known });
      return;
    }
    if (event.type === 'lapidary.region.given-up.v1') {
      keepWord(database, this.name, event.data as Said);
      return;
    }
    if (event.type === 'sim.residency') {
      const told = event.data as Residency;
      if (told.version > database.residency.version) database.residency = told;
      return;
    }
    // I3, at the reader: its own word counts, since the writer's may be another.
    if (event.type === 'lapidary.document.withheld.v1' || (isGuests(event) && !mayHold(database, this.name))) {
      const { epoch, sequence } = event;
      const before = database.owed.get(origin);
      if (!this.bugs.has('owed-forgotten'))
        database.owed.set(origin, {
          epoch,
          first: Math.min(before?.first ?? sequence, sequence),
          last: Math.max(before?.last ?? 0, sequence),
        });
      return;
    }
    if (event.type === 'lapidary.collection.defined.v1') {
      const { collection, definition } = event.data as { collection: string; definition: Register };
      await applyDefinition(tx, collection, definition);
      return;
    }
    const changed = this.bugs.onWire(event.data as DocumentChanged, origin);
    const dueMs = heldUntilMs(changed, this.nowMs());
    if (dueMs !== null) {
      this.reached('held');
      if (!this.bugs.has('held-forgotten')) {
        const { id, sequence, epoch } = event;
        database.held.push({ id, dueMs, event: changed, origin, sequence, epoch });
      }
      return;
    }
    await this.merge(tx, event.id, origin, event, changed);
  }

  private async merge(
    tx: MemoryCollections,
    id: string,
    origin: string,
    { sequence, epoch }: Pick<Numbered, 'epoch' | 'sequence'>,
    changed: DocumentChanged,
  ): Promise<void> {
    const note = { event: id, origin, sequence, epoch, actor: 'sim', requestId: 'sim', at: '' };
    const told = tx.database.outbox.length;
    this.carried.merged(tx.database.effects, keyText(keyOfChange(changed)), id);
    const { isLate } = await applyChange(this.bugs.onStore(tx), this.site, this.bugs.onLone(changed, this.database), note);
    if (tx.database.outbox.length > told) this.reached(isLate ? 'written anew in the next history' : 'proposal objected to');
    if (!isLate) return;
    this.late.push(origin);
    this.reached('late change found');
  }

  /** Another region's document, merged into the one here: what finds and mends differences does the same (repair-row.ts). */
  async repair(
    peer: SimRegion,
    key: DocumentKey,
    changed: DocumentChanged,
    onChanged: (database: MemoryDatabase) => void,
  ): Promise<boolean> {
    return await this.inTx(async (tx, database) => {
      const text = keyText(key);
      const before = database.documents.get(text)?.facts.digest;
      const wire = JSON.parse(JSON.stringify(changed)) as DocumentChanged;
      this.carried.join(database.effects, text, peer.database.effects.get(text) ?? new Set());
      database.apart = joinKnown(database.apart, appliedIn(peer.name, peer.database));
      await this.merge(tx, `repair-${this.name}-${this.events++}`, peer.name, { epoch: 0, sequence: 0 }, wire);
      if (database.documents.get(text)?.facts.digest === before) return false;
      onChanged(database);
      return true;
    }, true);
  }

  /** Looks at the next piece of each collection whose rules have changed; true where something is left. */
  async lookAgain(): Promise<boolean> {
    let isMore = false;
    for (const collection of [...this.database.looks.keys()]) {
      await this.inTx(async (tx, database) => {
        if (this.bugs.has('look-forgotten')) return void database.looks.delete(collection);
        const { documents, isOver } = await lookAtSome(tx, collection, lookedAtOnceMax);
        isMore ||= !isOver;
        if (documents > 0) this.reached('conflicts looked at again');
        if (!isOver) this.reached('conflicts looked at in pieces');
      }, true);
    }
    return isMore;
  }

  async releaseHeld(): Promise<void> {
    await this.inTx(async (tx, database) => {
      const due = database.held.filter((h) => h.dueMs <= this.nowMs());
      for (const held of due) await this.merge(tx, held.id, held.origin, held, held.event as DocumentChanged);
      database.held = database.held.filter((h) => !due.includes(h));
      if (due.length > 0) this.reached('held change released');
    }, true);
  }

  log(): Numbered[] {
    const { outbox, epoch } = this.database;
    return outbox.map((event, i) => ({ ...event, epoch, sequence: i + 1 }));
  }
}
