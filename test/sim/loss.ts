import { holding } from '@lapidary/replication/given-up';
import type { Finding } from './checks.ts';
import type { Network } from './network.ts';
import type { Bugs } from './planted-bugs.ts';
import type { Random } from './random.ts';
import { declareLost, lostTo, silentMs, stepGivenUp } from './sim-given-up.ts';
import type { SimRegion } from './sim-region.ts';

interface LossParts {
  readonly regions: ReadonlyMap<string, SimRegion>;
  readonly network: Network;
  readonly random: Random;
  readonly bugs: Bugs;
  readonly reached: (what: string) => void;
  readonly pass: (ms: number) => void;
  readonly write: (region: SimRegion) => Promise<void>;
  /** All its rights to a counter go to another region. */
  readonly giveRights: (region: SimRegion, to: string) => Promise<void>;
}

/** What a region had of the lost one’s log when it agreed. */
interface Heard {
  readonly place: string;
  readonly events: ReadonlySet<string>;
}

/** Rounds in which whoever remains says all that there is to say, each word a round. */
const roundsToSettle = 10;

/** A region is lost, or seems to be: who remains gives it up, it comes back or does not (RG1 to RG4, RG7, RG8; apps/control-plane/src/regions/given-up-states.ts). */
export class Loss {
  private victim: SimRegion | null = null;
  /** It burnt down, or it is alive and nobody hears it. */
  private isDead = false;
  private readonly heard = new Map<string, Heard>();
  private readonly parts: LossParts;

  constructor(parts: LossParts) {
    this.parts = parts;
  }

  isSilent(region: SimRegion): boolean {
    return this.isDead && region === this.victim;
  }

  /** Whoever is no part of the fleet any more, by the word of all who remain; null: nobody. */
  get lost(): SimRegion | null {
    const { victim } = this;
    return victim && this.remaining.every(({ database }) => lostTo(database).has(victim.name)) ? victim : null;
  }

  private get remaining(): SimRegion[] {
    return [...this.parts.regions.values()].filter((r) => r !== this.victim);
  }

  /** One thing that happens to it, or that others do about it. */
  async step(): Promise<void> {
    const { random, network, reached, pass } = this.parts;
    // Later on, when there is something to lose.
    if (!this.victim) return random.chance(0.12) ? await this.lose() : undefined;
    const dice = random.next();
    const survivor = random.pick(this.remaining);
    if (dice < 0.25) {
      pass(silentMs);
      // Whoever hears it all the same objects (RG1).
      if (random.chance(0.6)) await network.exchange(this.victim, random.pick(this.remaining).name);
      await this.declare(survivor);
    } else if (dice < 0.7) await this.stepOf(survivor);
    else if (dice < 0.9) await network.exchange(survivor, random.pick(this.remaining.filter((r) => r !== survivor)).name);
    else if (dice < 0.93) {
      network.isolate(null);
      this.isDead = false;
      reached('a silent region back');
    } else if (dice < 0.96) await network.exchange(this.victim, survivor.name);
  }

  /** What it says last some hear, and others don’t. */
  private async lose(): Promise<void> {
    const { random, network, regions, reached, write, giveRights } = this.parts;
    const victim = random.pick([...regions.values()]);
    const others = [...regions.values()].filter((r) => r !== victim);
    for (let writes = random.below(6); writes > 0; writes--) {
      await write(victim);
      if (random.chance(0.6)) await network.exchange(victim, random.pick(others).name);
      if (random.chance(0.4)) await network.exchange(random.pick(others), victim.name);
    }
    // Rights that it gives away last are known to the one that has them (RG8).
    if (random.chance(0.7)) {
      const heard = random.pick(others).name;
      await network.exchange(random.pick(others), victim.name);
      const told = victim.database.outbox.length;
      await giveRights(victim, heard);
      if (victim.database.outbox.length > told) reached('rights given away to one region alone, and lost');
      await network.exchange(victim, heard);
    }
    this.victim = victim;
    // Else one other region alone does not hear it.
    if (random.chance(0.75)) {
      network.isolate(victim.name);
      this.isDead = random.chance(0.6);
    } else network.sever(victim.name, random.pick(others).name);
    reached(this.isDead ? 'a region lost' : 'a region unheard');
  }

  private async declare(region: SimRegion): Promise<void> {
    const { random, bugs, reached } = this.parts;
    const successor = random.pick(this.remaining).name;
    const id = `${random.below(1_000_000)}-${region.name}`;
    if (await declareLost(region, this.victim!.name, successor, id, bugs)) reached('a region given up');
    const known = holding([...region.database.givenUp.values()]).length;
    if (region.database.givenUp.size > known && known > 0) reached('given up by two decisions');
    this.note(region);
  }

  private async stepOf(region: SimRegion): Promise<void> {
    const { bugs, reached } = this.parts;
    try {
      const answers = (lost: string): boolean => !this.isDead && this.parts.network.isReachable(region.name, lost);
      await stepGivenUp({ region, bugs, reached, answers });
    } finally {
      this.note(region);
    }
  }

  private eventsOf(region: SimRegion): Set<string> {
    const { database } = region;
    const own = `${this.victim!.name}-`;
    const applied = [...database.effects.values()].flatMap((events) => [...events]);
    return new Set([...applied, ...database.held.map(({ id }) => id)].filter((id) => id.startsWith(own)));
  }

  private placeIn({ database }: SimRegion): string {
    return JSON.stringify(database.vector.get(this.victim!.name) ?? null);
  }

  /** RG2: the place that it has told is final. */
  private note(region: SimRegion): void {
    const { name } = this.victim!;
    const agrees = holding([...region.database.givenUp.values()]).some(
      (told) => told.decision.region === name && told.words.some((w) => w.region === region.name && w.answer === 'agrees'),
    );
    if (!agrees) this.heard.delete(region.name);
    else if (!this.heard.has(region.name)) this.heard.set(region.name, { place: this.placeIn(region), events: this.eventsOf(region) });
  }

  /** All is heard, and everything said: in the end the region is given up by all, or by nobody. */
  async settle(): Promise<Finding[]> {
    const { network, random, regions, reached } = this.parts;
    const { victim } = this;
    if (!victim) return [];
    const isDecided = this.remaining.some(({ database }) => holding([...database.givenUp.values()]).length > 0);
    if (!isDecided) this.rejoin();
    for (let round = 0; round < roundsToSettle; round++) {
      await network.exchangeAll();
      for (const region of this.remaining) await this.stepOf(region);
    }
    const standing = this.remaining.map(({ database }) => holding([...database.givenUp.values()]).map((t) => t.decision.id));
    if (new Set(standing.map((ids) => ids.join())).size > 1)
      return [`given-up: ${this.remaining.map((r, i) => `${r.name} holds ${standing[i]!.join()}`).join(' and ')}`];
    if (standing[0]!.length === 0) {
      if (isDecided) reached('a region not given up after all');
      this.rejoin();
      return [];
    }
    if (this.lost === null) return [`stuck: ${victim.name} is neither given up nor believed`];
    const unsaid = this.remaining.filter(
      ({ database }) => ![...database.givenUp.values()].some((t) => t.words.some((w) => w.answer === 'inherited')),
    );
    if (unsaid.length > 0) return [`stuck: nobody has inherited of ${victim.name}, as ${unsaid.map((r) => r.name).join()} knows`];
    if (this.remaining.some((r) => this.heard.get(r.name)?.place !== this.heard.get(this.remaining[0]!.name)?.place))
      reached('a lost region heard differently by who remains');
    if (random.chance(0.6)) {
      this.rejoin();
      reached('a region back that was given up');
      for (let round = 0; round < 2; round++) await network.exchangeAll();
      // RG7.
      if (!victim.database.isGivenUp && [...regions.values()].every((r) => network.isReachable(r.name, victim.name) || r === victim))
        return [`given-up: ${victim.name} goes on writing`];
    }
    return [];
  }

  private rejoin(): void {
    this.parts.network.isolate(null);
    this.isDead = false;
  }

  /** At the end: nothing of it was taken in after it was given up, whatever it told; and the place is where it was. */
  check(): Finding[] {
    if (this.lost === null) return [];
    const heard = new Set([...this.heard.values()].flatMap(({ events }) => [...events]));
    return this.remaining.flatMap((region): Finding[] => {
      const { name } = region;
      const later = [...this.eventsOf(region)].filter((id) => !heard.has(id));
      return [
        ...(this.placeIn(region) === this.heard.get(name)?.place ? [] : [`given-up: ${name} read on to ${this.placeIn(region)}` as const]),
        ...(later.length === 0 ? [] : [`given-up: ${name} has ${later.slice(0, 3).join()}, which nobody had heard` as const]),
      ];
    });
  }
}
