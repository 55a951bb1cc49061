import { CollectionPolicySchema, type DefineCollection } from '@lapidary/contracts/api/collections';
import type { DocumentChanged } from '@lapidary/contracts/events/collection-events';
import { isAppError } from '@lapidary/kernel/app-error';
import { digestOf } from '@lapidary/kernel/canonical-json';
import { defineCollection } from '@lapidary/replication/collections/definitions';
import { documentItself } from '@lapidary/replication/merge/lww';
import { isFenced } from '@lapidary/replication/recovery/recovery-states';
import { checkAlways, checkQuiet, checkSettled, type Finding } from './checks.ts';
import { Carried } from './effects.ts';
import { Loss } from './loss.ts';
import type { MemoryDatabase } from './memory-collections.ts';
import { Network } from './network.ts';
import { Oracle } from './oracle.ts';
import { Bugs, type PlantedBug } from './planted-bugs.ts';
import { Random } from './random.ts';
import { guestHome, newestResidency, tellResidency, widerResidencies } from './residency.ts';
import { forceOpen, mendFrom, stepRecovery, type RecoveryParts } from './sim-recovery.ts';
import { Crash, SimRegion } from './sim-region.ts';
import { dropFields } from './sim-drops.ts';
import { keepHistories, keepHouse } from './sim-upkeep.ts';
import { kindOf, type WorldKind } from './world-kind.ts';
import { giveRightsTo, randomWrite, type Note, type Writing } from './workload.ts';

const names = ['ap', 'eu', 'us'] as const;
/** Enough for cuts, conflicts and what follows from them; a world takes milliseconds. */
const steps = 70;
/** 2025-01-01; the clocks of the regions differ from it by their skew. */
const beginMs = 1_735_689_600_000;
/** How long deletes are remembered where databases are restored: some twenty steps. */
const tombstoneMs = 500;
/** More in one world leave no time to recover in between. */
const restoresMax = 4;

const define = (policy: Record<string, unknown>): DefineCollection => ({
  scope: 'fleet',
  policy: CollectionPolicySchema.parse(policy),
  budgets: { documentBytes: 49_152, documents: 100_000, changes: 10_000 },
});
const kinds = [{ kind: 'lww' }, { kind: 'counter' }, { kind: 'append' }, { kind: 'document', genesis: { words: [] } }] as const;

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
  private readonly network: Network;
  /** Events that a restored region has not got any more. */
  private readonly lost = new Set<string>();
  private readonly carried = new Carried();
  private restores = 0;
  private nowMs = beginMs;
  private readonly kind: WorldKind;
  private readonly loss: Loss;
  /** Not there yet, and in nobody’s configuration. */
  private absent: string | null;
  private takenOut: string | null = null;

  constructor(seed: number, bug: PlantedBug | null = null) {
    this.random = new Random(seed);
    this.kind = kindOf(seed);
    this.absent = this.kind.joining ? 'ap' : null;
    this.bugs = new Bugs(bug);
    const { carried } = this;
    const reach = (what: string): void => void this.reached.add(what);
    this.regions = new Map(names.map((n) => [n, new SimRegion(n, () => this.nowMs, this.random, this.bugs, carried, reach)]));
    const { regions, random, bugs } = this;
    this.network = new Network({ regions, random, bugs, nowMs: () => this.nowMs, reached: reach });
    const { network } = this;
    if (this.absent !== null) network.isolate(this.absent);
    this.loss = new Loss({
      ...{ regions, network, random, bugs, reached: reach },
      pass: (ms) => void (this.nowMs += ms),
      write: async (region) => await this.write(region),
      giveRights: async (region, to) => await this.write(region, async (writing) => await giveRightsTo(to, writing)),
    });
  }

  async live(): Promise<Lived> {
    await this.begin();
    for (
      let i = 0;
      i <
        (this.kind.lost || this.kind.focused || this.kind.shrinking || this.kind.tidy !== null || this.kind.restored ? 2 * steps : steps) &&
      this.findings.length === 0;
      i++
    )
      await this.step();
    try {
      await this.quiet();
    } catch (error) {
      // Of one writer's number there are two changes: a fault of its region, which no merge can mend.
      if (!isAppError(error) || error.code !== 'poison_event') throw error;
      this.findings.push(`nested: ${error.message}`);
    }
    const databases = new Map(this.living.map((r) => [r.name, r.database]));
    for (const { isBroken } of this.oracle.lives.numbers().values())
      if (isBroken) this.reached.add('counter went on in spite of its purge');
    this.findings.push(
      ...checkQuiet(databases, this.oracle, this.restores > 0 || this.kind.joining),
      ...checkSettled(databases),
      ...this.loss.check(),
      ...this.checkLate(),
    );
    for (const database of databases.values()) this.reachLedger(database);
    const held = [...databases].map(([name, d]) => [name, [...d.documents], [...d.conflicts], d.outbox]);
    return { findings: this.findings, reached: this.reached, digest: digestOf(JSON.stringify(held)) };
  }

  /** Only a region that has forgotten what it said, or that has just joined, writes in a history that everybody knew to end (G4). */
  private checkLate(): Finding[] {
    const late = this.living.filter((region) => region.late.length > 0);
    return this.restores > 0 || this.kind.joining
      ? []
      : late.map((region): Finding => `late: ${region.name} found writes of ${region.late.join()}`);
  }

  /** Whoever is part of the fleet. */
  private get living(): SimRegion[] {
    const { lost } = this.loss;
    return [...this.regions.values()].filter((region) => region !== lost);
  }

  private reachLedger(database: MemoryDatabase): void {
    for (const { field, winner, collection } of database.conflicts.values()) {
      this.reached.add(ledgered(field, collection, winner.value));
    }
    for (const event of database.outbox) {
      const { settled, fresh, kind } = event.data as { settled?: unknown[]; fresh?: boolean; kind: string };
      if ((settled ?? []).length > 0) this.reached.add('loss settled by a write');
      if (fresh === true) this.reached.add(`${kind} written anew after it was forgotten`);
    }
  }

  private async begin(): Promise<void> {
    const present = names.filter((n) => n !== this.absent);
    for (const policy of kinds) {
      await this.regions
        .get(this.random.pick(present))!
        .inTx(async (tx) => void (await this.defineIn(tx, this.random.pick(present), policy.kind, policy)));
    }
    // Else the first region would often know no collection at all.
    if (this.random.chance(0.7)) await this.network.exchangeAll();
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
    if (this.loss.isSilent(region)) return;
    if (region.name === this.absent) return this.random.chance(0.05) ? this.join() : undefined;
    if (this.random.chance(0.12)) region.armCrash();
    const dice = this.random.next();
    try {
      if (this.kind.restored && this.random.chance(0.08)) await this.backUpOrRestore();
      else if (this.kind.restored && this.random.chance(0.3)) await this.recoverAny();
      else if (this.kind.lost && this.random.chance(0.25)) await this.loss.step();
      else if (dice < 0.48) await this.write(region);
      else if (dice < 0.62) this.network.publish(region);
      else if (dice < 0.84) await this.network.deliver();
      // In a focused world one link stays cut until the quiet.
      else if (dice < 0.89) this.network.toggle('cut', this.kind.focused || this.kind.shrinking);
      else if (dice < 0.91) this.network.toggle('slow', false);
      else if (dice < 0.94) this.skew(region);
      else if (dice < 0.96) await this.changePolicy(region);
      else if (dice < 0.968) await this.widen();
      else if (dice < 0.983) await this.network.fillOwed(region);
      else await region.releaseHeld();
      if (this.kind.tidy !== null || this.kind.aging || this.kind.shrinking) await this.tidyUp();
      // Some steps after the rules have changed, so that people write in between. Not by chance: a seed that knows nothing of it lives on as it did.
      if (region.database.looks.size > 0 && this.nowMs % 3 === 0) await region.lookAgain();
    } catch (error) {
      if (isAppError(error) && error.code === 'poison_event') this.findings.push(`nested: ${error.message}`);
      else if (!(error instanceof Crash)) throw error;
    }
    this.look();
    this.findings.push(...this.network.findings);
  }

  /** It is in the others' configuration from now on, with an empty database. */
  private join(): void {
    this.absent = null;
    this.network.isolate(null);
    this.reached.add('a region joined late');
  }

  /** What holds at any moment. */
  private look(): void {
    for (const r of this.living) this.findings.push(...checkAlways(r.name, r.database, newestResidency(this.regions.values())));
  }

  /** A calm of some rounds, in which most links work: it ends anywhere between a delete and its being forgotten. */
  private async tidyUp(): Promise<void> {
    if (!this.random.chance(this.kind.tidy === 'others' ? 0.2 : 0.08)) return;
    if (this.kind.aging && this.kind.restored && this.random.chance(0.5)) await this.backUpOrRestore();
    if (this.kind.tidy !== null && this.kind.restored && this.random.chance(0.3)) await this.loseAPurge();
    const rounds = 1 + this.random.below(6);
    for (let round = 0; round < rounds; round++) {
      for (const name of names) {
        const region = this.regions.get(name)!;
        if (this.random.chance(0.8)) await this.keepHouse(region);
        for (const to of names) if (to !== name && this.random.chance(0.8)) await this.network.exchange(region, to);
      }
    }
  }

  /** A region purges, one other hears of it, and a backup from right before takes its database's place. */
  private async loseAPurge(): Promise<void> {
    const region = this.regions.get(this.random.pick(names))!;
    if (this.restores >= restoresMax || isFenced(region.database.recovery.state)) return;
    this.nowMs += tombstoneMs;
    for (let round = 0; round < 3; round++) for (const name of names) await this.saysWhatItKnows(this.regions.get(name)!);
    region.backUp();
    const told = region.database.outbox.length;
    await this.keepHouse(region, true);
    if (!region.database.outbox.slice(told).some(({ data }) => (data as { purged?: boolean }).purged === true)) return;
    await this.network.exchange(region, this.random.pick(names.filter((n) => n !== region.name)));
    await this.restore(region);
    this.reached.add('a purge lost by its region');
  }

  /** To everybody that it reaches. */
  private async saysWhatItKnows(region: SimRegion): Promise<void> {
    await this.keepHouse(region, false);
    for (const to of names) if (to !== region.name) await this.network.exchange(region, to);
  }

  private async keepHouse(region: SimRegion, purges = !this.kind.restored || this.random.chance(0.6)): Promise<void> {
    if (region.database.isGivenUp || this.loss.isSilent(region) || region.name === this.absent) return;
    if (isFenced(region.database.recovery.state) && !this.bugs.has('fence-unheeded')) return;
    const { random, bugs } = this;
    // A lost one is taken out of the configuration of the others once all have given it up, and differences were mended (as the runbook has it).
    const others = names.filter((n) => n !== region.name && n !== this.takenOut && n !== this.absent);
    const upkeep = {
      region,
      others,
      random,
      bugs,
      tombstoneMs: this.kind.restored ? tombstoneMs : 0,
      purges,
      reached: (what: string): void => void this.reached.add(what),
    };
    const told = region.database.outbox.length;
    try {
      await keepHouse(upkeep);
    } finally {
      for (const { data } of region.database.outbox.slice(told))
        if ((data as DocumentChanged).purged === true) this.oracle.lives.purged(data as DocumentChanged);
    }
    if (this.kind.aging || this.kind.tidy === 'others') await keepHistories(upkeep);
    if (this.kind.shrinking || this.kind.tidy === 'fields') await dropFields(upkeep);
  }

  private async write(
    region: SimRegion,
    what: (writing: Writing) => Promise<Note> = async (writing) => await randomWrite(this.random, writing, this.kind),
  ): Promise<void> {
    const before = region.database;
    let note: Note | undefined;
    try {
      await region.inTx(async (tx) => {
        note = await what({ region, tx, oracle: this.oracle, bugs: this.bugs, reached: (met) => void this.reached.add(met) });
      });
    } catch (error) {
      if (isAppError(error)) {
        this.reached.add(`refused ${error.code}`);
        // Whatever is asked for here can be done where the beginning of the document is, and where it is not (N2).
        if (error.code === 'invalid_input') this.findings.push(`nested: ${region.name} refused a write: ${error.message}`);
        return;
      }
      // A process that died after the commit has written all the same.
      if (region.database === before) throw error;
    } finally {
      if (region.database !== before) {
        const events = region.database.outbox.slice(before.outbox.length);
        for (const [i, event] of events.entries())
          this.oracle.committed(before, event, (...told) => (i === 0 ? note?.(...told) : undefined));
        if (this.network.isCut) this.reached.add('write while cut');
      }
    }
  }

  private skew(region: SimRegion): void {
    const far = this.random.chance(0.4) && !this.kind.forced;
    region.skewMs = Math.round((far ? 200_000 : 5_000) * (this.random.next() - 0.3));
    this.reached.add(region.skewMs < 0 ? 'clock behind' : 'clock ahead');
  }

  /** The guest's home region lets its documents be in more places. */
  private async widen(): Promise<void> {
    const home = this.regions.get(guestHome)!;
    const regions = this.random.pick(widerResidencies);
    if (isFenced(home.database.recovery.state) || home.database.isGivenUp || this.loss.isSilent(home)) return;
    await home.inTx((_, database) => {
      database.residency = { version: database.residency.version + 1, regions };
      tellResidency(database, home.name);
      return Promise.resolve();
    });
    this.reached.add('residency widened');
  }

  /** Some region’s database is replaced by its backup of some time before, or two regions’ at once; with cuts or without, in the midst of recovery too. */
  private async backUpOrRestore(): Promise<void> {
    const region = this.regions.get(this.random.pick(names))!;
    const tooOldMs = this.kind.tidy === null ? Infinity : tombstoneMs;
    if (!region.hasBackup(tooOldMs) || this.restores >= restoresMax || this.random.chance(0.3)) return region.backUp();
    const other = [...this.regions.values()].find((r) => r !== region && r.hasBackup(tooOldMs));
    const together = other && this.random.chance(0.3) ? [region, other] : [region];
    if (together.length > 1) this.reached.add('two regions restored at once');
    if (this.kind.forced && together.length === 1 && this.random.chance(0.5)) await this.lastWords(region);
    for (const one of together) await this.restore(one);
  }

  /** What a region writes last is heard by one other alone, which is cut off then: a person may go on without it. */
  private async lastWords(region: SimRegion): Promise<void> {
    const heard = this.random.pick(names.filter((n) => n !== region.name));
    this.skew(region);
    for (let writes = this.random.below(5); writes >= 0; writes--) await this.write(region);
    // Rights that it gives away last are known to that one region alone (B5).
    if (this.kind.focused) await this.write(region, async (writing) => await giveRightsTo(heard, writing));
    await this.network.exchange(region, heard);
    this.network.sever(region.name, heard);
    // What it is restored on has a clock of its own.
    this.skew(region);
    this.reached.add('last words to one region alone');
  }

  private async restore(region: SimRegion): Promise<void> {
    // Between two openings of a region passes more than clocks differ by.
    if (this.kind.forced && this.restores > 0) this.nowMs += 10_000;
    this.restores++;
    if (isFenced(region.database.recovery.state)) this.reached.add('restored in the midst of recovery');
    if (names.some((n) => n !== region.name && !this.network.isReachable(n, region.name))) this.reached.add('restored while cut off');
    const how = this.random.pick(['elsewhere', 'in place'] as const);
    this.network.restored(region.name, how === 'elsewhere');
    const gone = await region.restore(how);
    for (const event of gone) this.lost.add(event.id);
    this.reached.add(`restored ${how}`);
    if (gone.length > 0) this.reached.add('restored without its last events');
  }

  /** Who is fenced reads what it can, and goes on. */
  private async recoverAny(): Promise<void> {
    for (const region of this.regions.values()) {
      if (region.database.recovery.state === 'sound') continue;
      for (const peer of this.regions.values())
        if (peer !== region && this.random.chance(0.7)) await this.network.exchange(peer, region.name);
      await this.recoverStep(region);
    }
  }

  private async recoverStep(region: SimRegion): Promise<void> {
    const { bugs } = this;
    const peers = [...this.regions.values()].filter((r) => r !== region);
    const { state } = region.database.recovery;
    if (state === 'sound') return;
    if (isFenced(state) && peers.some((p) => isFenced(p.database.recovery.state))) this.reached.add('two regions recover at once');
    const parts: RecoveryParts = {
      ...{ region, peers, bugs, reached: (what) => void this.reached.add(what) },
      reaches: (peer) => this.network.isReachable(peer, region.name),
    };
    await stepRecovery(parts);
    if (this.kind.forced && this.random.chance(0.3)) await forceOpen(parts);
  }

  /**
   * What differs is merged, as the digests find it (ADR 46): a region that was restored to before a purge of its own writes on in what it had
   * purged, and the others know since what that begins.
   */
  private async mendDifferences(): Promise<void> {
    for (const region of this.living)
      for (const peer of this.living)
        if (peer !== region && (await mendFrom(region, peer, this.bugs))) this.reached.add('difference mended');
  }

  private async changePolicy(region: SimRegion): Promise<void> {
    const rule = this.random.pick(['last-write', 'first-write', 'highest', 'lowest', 'prefer:eu']);
    try {
      await region.inTx(async (tx) => this.defineIn(tx, region.name, 'lww', { kind: 'lww', rules: { '*': rule } }));
      this.reached.add(this.network.isCut ? 'policy changed while cut' : 'policy changed');
    } catch (error) {
      if (!isAppError(error)) throw error;
    }
  }

  /** Everything is mended, the clocks agree, time passes: whoever is behind is told, what is held comes due. */
  private async quiet(): Promise<void> {
    this.network.heal();
    this.nowMs += 7_200_000;
    for (const region of this.regions.values()) region.calm();
    if (this.absent !== null) this.join();
    if (this.kind.lost) this.findings.push(...(await this.loss.settle()));
    for (let round = 0; round < 6; round++) {
      await this.network.exchangeAll();
      for (const region of this.regions.values()) await this.network.fillOwed(region);
    }
    for (const region of this.regions.values()) await region.releaseHeld();
    for (let round = 0; this.kind.restored && round < 6; round++) {
      for (const region of this.regions.values()) await this.recoverStep(region);
      await this.network.exchangeAll();
      for (const region of this.regions.values()) await this.network.fillOwed(region);
    }
    if (this.loss.lost !== null || this.kind.joining || (this.kind.restored && this.kind.tidy !== null)) await this.mendDifferences();
    this.takenOut = this.loss.lost?.name ?? null;
    for (const { name, database } of this.living)
      if (database.recovery.state !== 'sound') this.findings.push(`stuck: ${name} is ${database.recovery.state}`);
    for (let round = 0; (this.kind.tidy !== null || this.kind.aging || this.kind.shrinking) && round < 5; round++) {
      this.nowMs += tombstoneMs;
      for (const region of this.living) await this.keepHouse(region);
      await this.network.exchangeAll();
    }
    for (const region of this.living) while (await region.lookAgain());
    this.look();
    this.findings.push(...this.network.findings);
    for (const { id } of this.loss.lost?.database.outbox ?? []) this.lost.add(id);
    const kept = new Set(this.living.flatMap((r) => [...r.database.effects.values()].flatMap((events) => [...events])));
    this.oracle.settle(this.lost, kept, (event) => (this.restores > 0 || this.loss.lost !== null) && this.carried.hangs(event, kept));
  }
}

const ledgered = (field: string, collection: string, winner: unknown): string => {
  if (field === '$definition') return 'definition lost';
  if (field !== documentItself) return `${collection} value lost`;
  if (collection === 'append') return 'entry with two bodies';
  return winner === true ? 'delete lost' : 'write lost to a delete';
};
