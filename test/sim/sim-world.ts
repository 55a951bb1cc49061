import { CollectionPolicySchema, type DefineCollection } from '@lapidary/contracts/api/collections';
import { isAppError } from '@lapidary/kernel/app-error';
import { digestOf } from '@lapidary/kernel/canonical-json';
import { defineCollection } from '@lapidary/replication/collections/definitions';
import { documentItself } from '@lapidary/replication/merge/lww';
import { planBackfill, planRun, type Position } from '@lapidary/replication/version-vector';
import { checkAlways, checkQuiet, checkSettled, type Finding } from './checks.ts';
import type { MemoryDatabase } from './memory-collections.ts';
import { Oracle } from './oracle.ts';
import { Bugs, type PlantedBug } from './planted-bugs.ts';
import { Random } from './random.ts';
import { Crash, SimRegion, type Numbered } from './sim-region.ts';
import { randomWrite } from './workload.ts';

const names = ['ap', 'eu', 'us'] as const;
/** Enough for cuts, conflicts and what follows from them; a world takes milliseconds. */
const steps = 70;
/** 2025-01-01; the clocks of the regions differ from it by their skew. */
const beginMs = 1_735_689_600_000;

const define = (policy: Record<string, unknown>): DefineCollection => ({
  scope: 'fleet',
  policy: CollectionPolicySchema.parse(policy),
  budgets: { documentBytes: 49_152, documents: 100_000, changes: 10_000 },
});
const kinds = [{ kind: 'lww' }, { kind: 'counter' }, { kind: 'append' }, { kind: 'document', genesis: { words: [] } }] as const;

interface Message {
  readonly from: string;
  readonly to: string;
  readonly events: readonly Numbered[];
}

export interface Lived {
  readonly findings: readonly Finding[];
  /** Of everything that all regions hold at the end: a seed that is lived through again gives the same. */
  readonly digest: string;
  /** What the world came upon, for the proof that the generator reaches what it claims. */
  readonly reached: ReadonlySet<string>;
}

/** One world: three regions, a network between them, and everything that goes wrong, out of one seed. */
export class SimWorld {
  private readonly random: Random;
  private readonly bugs: Bugs;
  private readonly reached = new Set<string>();
  private readonly oracle = new Oracle();
  private readonly findings: Finding[] = [];
  private readonly regions: Map<string, SimRegion>;
  private messages: Message[] = [];
  private readonly cut = new Set<string>();
  private nowMs = beginMs;
  private readonly kind: { readonly nested: boolean; readonly focused: boolean };

  constructor(seed: number, bug: PlantedBug | null = null) {
    this.random = new Random(seed);
    // Nested documents are a hundred times slower than the rest: in every fourth world. Rights that travel by way of a third
    // region need many operations of one counter: in every fifth.
    this.kind = { nested: seed % 4 === 0, focused: seed % 5 === 0 };
    this.bugs = new Bugs(bug);
    const reach = (what: string): void => void this.reached.add(what);
    this.regions = new Map(names.map((n) => [n, new SimRegion(n, () => this.nowMs, this.random, this.bugs, reach)]));
  }

  async live(): Promise<Lived> {
    await this.begin();
    for (let i = 0; i < (this.kind.focused ? 2 * steps : steps) && this.findings.length === 0; i++) await this.step();
    await this.quiet();
    const databases = new Map([...this.regions].map(([n, r]) => [n, r.database]));
    this.findings.push(...checkQuiet(databases, this.oracle), ...checkSettled(databases));
    for (const database of databases.values()) this.reachLedger(database);
    const held = [...databases].map(([name, d]) => [name, [...d.documents], [...d.conflicts], d.outbox]);
    return { findings: this.findings, reached: this.reached, digest: digestOf(JSON.stringify(held)) };
  }

  private reachLedger(database: MemoryDatabase): void {
    for (const { field, winner, collection } of database.conflicts.values()) {
      const what = ledgered(field, collection, winner.value);
      this.reached.add(what);
    }
    for (const event of database.outbox)
      if (((event.data as { settled?: unknown[] }).settled ?? []).length > 0) this.reached.add('loss settled by a write');
  }

  private async begin(): Promise<void> {
    for (const policy of kinds) {
      await this.regions
        .get(this.random.pick(names))!
        .inTx(async (tx) => void (await this.defineIn(tx, this.random.pick(names), policy.kind, policy)));
    }
    // Else the first region would often know no collection at all.
    if (this.random.chance(0.7)) await this.exchangeAll();
  }

  private async defineIn(
    tx: Parameters<Parameters<SimRegion['inTx']>[0]>[0],
    region: string,
    name: string,
    policy: Record<string, unknown>,
  ): Promise<void> {
    await defineCollection(tx, this.regions.get(region)!.site, name, define(policy));
  }

  private async step(): Promise<void> {
    this.nowMs += this.random.below(50);
    const region = this.regions.get(this.random.pick(names))!;
    if (this.random.chance(0.12)) region.armCrash();
    const dice = this.random.next();
    try {
      if (dice < 0.5) await this.write(region);
      else if (dice < 0.64) this.publish(region);
      else if (dice < 0.86) await this.deliver();
      else if (dice < 0.92) this.toggleCut();
      else if (dice < 0.95) this.skew(region);
      else if (dice < 0.98) await this.changePolicy(region);
      else await region.releaseHeld();
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
    for (const r of this.regions.values()) this.findings.push(...checkAlways(r.name, r.database));
  }

  private async write(region: SimRegion): Promise<void> {
    const before = region.database;
    let note: (() => void) | undefined;
    try {
      await region.inTx(async (tx) => {
        note = await randomWrite(this.random, region, tx, this.oracle, this.bugs, this.kind, (what) => this.reached.add(what));
      });
    } catch (error) {
      if (isAppError(error)) {
        this.reached.add(`refused ${error.code}`);
        return;
      }
      // A process that died after the commit has written all the same.
      if (region.database === before) throw error;
    } finally {
      if (region.database !== before) {
        for (const event of region.database.outbox.slice(before.outbox.length)) this.oracle.committed(before, event);
        note?.();
        if (this.cut.size > 0) this.reached.add('write while cut');
      }
    }
  }

  /** A stretch of a region's log on its way to another one; the network may take it twice, late, or not at all. */
  private publish(region: SimRegion): void {
    const log = region.log();
    const to = this.random.pick(names.filter((n) => n !== region.name));
    const known = this.regions.get(to)!.database.vector.get(region.name) ?? 0;
    const from = this.random.chance(0.75) ? known : this.random.below(log.length + 1);
    const events = log.slice(from, from + 1 + this.random.below(8));
    if (events.length === 0) return;
    this.messages.push({ from: region.name, to, events });
    if (this.random.chance(0.15)) {
      this.reached.add('duplicated');
      this.messages.push({ from: region.name, to, events });
    }
  }

  private async deliver(): Promise<void> {
    if (this.messages.length === 0) return;
    const index = this.random.below(this.messages.length);
    if (index > 0) this.reached.add('reordered');
    const [message] = this.messages.splice(index, 1);
    if (this.random.chance(0.1)) {
      this.reached.add('lost');
      return;
    }
    if (this.cut.has(linkOf(message!.from, message!.to))) {
      this.reached.add('cut');
      return;
    }
    await this.receive(message!);
  }

  private async receive({ from, to, events }: Message): Promise<void> {
    const region = this.regions.get(to)!;
    const at = (): Position => ({ epoch: 1, sequence: region.database.vector.get(from) ?? 0 });
    const positionOf = (e: Numbered): Position => ({ epoch: 1, sequence: e.sequence });
    let run = planRun(at(), events, positionOf);
    if (run.skipped > 0) this.reached.add('skipped as known');
    await region.take(from, run.apply, run.at.sequence);
    if (run.stopped?.by.kind !== 'gap') return;
    this.reached.add('gap');
    const { by, rest } = run.stopped;
    if (this.bugs.has('gap-ignored')) {
      await region.take(from, rest, rest.at(-1)!.sequence);
      return;
    }
    if (this.random.chance(0.5)) return;
    const missing = this.regions
      .get(from)!
      .log()
      .slice(by.from - 1, by.to);
    const fill = planBackfill(at(), missing, positionOf, by.to);
    await region.take(from, fill.apply, fill.at.sequence);
    this.reached.add('back-filled');
    run = planRun(at(), rest, positionOf);
    await region.take(from, run.apply, run.at.sequence);
  }

  private toggleCut(): void {
    const [a, b] = [this.random.pick(names), this.random.pick(names)];
    // In a focused world one link stays cut until the quiet.
    if (a === b || (this.kind.focused && this.cut.size > 0)) return;
    const link = linkOf(a, b);
    if (!this.cut.delete(link)) this.cut.add(link);
  }

  private skew(region: SimRegion): void {
    const far = this.random.chance(0.4);
    region.skewMs = (far ? 200_000 : 5_000) * (this.random.next() - 0.3);
    region.skewMs = Math.round(region.skewMs);
    this.reached.add(region.skewMs < 0 ? 'clock behind' : 'clock ahead');
  }

  private async changePolicy(region: SimRegion): Promise<void> {
    const rule = this.random.pick(['last-write', 'first-write', 'highest', 'lowest', 'prefer:eu']);
    try {
      await region.inTx(async (tx) => this.defineIn(tx, region.name, 'lww', { kind: 'lww', rules: { '*': rule } }));
      this.reached.add('policy changed');
    } catch (error) {
      if (!isAppError(error)) throw error;
    }
  }

  private async exchangeAll(): Promise<void> {
    for (const from of names) {
      for (const to of names) if (from !== to) await this.receive({ from, to, events: this.regions.get(from)!.log() });
    }
  }

  /** Everything is mended, the clocks agree, time passes: whoever is behind is told, what is held comes due. */
  private async quiet(): Promise<void> {
    this.cut.clear();
    this.nowMs += 7_200_000;
    for (const region of this.regions.values()) region.calm();
    for (let round = 0; round < 4; round++) await this.exchangeAll();
    for (const region of this.regions.values()) await region.releaseHeld();
  }
}

const linkOf = (a: string, b: string): string => [a, b].sort().join('-');

const ledgered = (field: string, collection: string, winner: unknown): string => {
  if (field === '$definition') return 'definition lost';
  if (field !== documentItself) return `${collection} value lost`;
  if (collection === 'append') return 'entry with two bodies';
  return winner === true ? 'delete lost' : 'write lost to a delete';
};
