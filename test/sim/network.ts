import { planBackfill, planRun, type Position } from '@lapidary/replication/version-vector';
import type { Finding } from './checks.ts';
import type { Bugs } from './planted-bugs.ts';
import type { Random } from './random.ts';
import { isGuests, mayHold, newestResidency, showsTooMuch, toldToAll } from './residency.ts';
import type { Numbered, SimRegion } from './sim-region.ts';

interface Message {
  readonly from: string;
  readonly to: string;
  readonly events: readonly Numbered[];
  /** Not there before. */
  readonly dueMs: number;
}

export interface NetworkParts {
  readonly regions: ReadonlyMap<string, SimRegion>;
  readonly random: Random;
  readonly bugs: Bugs;
  readonly nowMs: () => number;
  readonly reached: (what: string) => void;
}

const linkOf = (a: string, b: string): string => [a, b].sort().join('-');
const positionOf = ({ epoch, sequence }: Numbered): Position => ({ epoch, sequence });

/** What is between the regions: messages late, twice, out of order or never, links that are cut or slow, and who asks whom for what. */
export class Network {
  readonly findings: Finding[] = [];
  /** Place of a log → region → the event that it took in as being there (B2). */
  private readonly places = new Map<string, Map<string, string>>();
  /** Place → the event that anybody ever took in there, also who has forgotten it. */
  private readonly ever = new Map<string, string>();
  private messages: Message[] = [];
  private readonly cut = new Set<string>();
  private readonly slow = new Set<string>();
  private isolated: string | null = null;
  private readonly parts: NetworkParts;

  constructor(parts: NetworkParts) {
    this.parts = parts;
  }

  get isCut(): boolean {
    return this.cut.size > 0;
  }

  get names(): string[] {
    return [...this.parts.regions.keys()];
  }

  /** A stretch of a region's log on its way to another one; the network may take it twice, late, or not at all. */
  publish(from: SimRegion): void {
    const { random, reached, nowMs } = this.parts;
    const to = random.pick(this.names.filter((n) => n !== from.name));
    const log = this.told(from, to);
    const at = this.at(to, from.name);
    const known = at.epoch === from.database.epoch ? at.sequence : 0;
    const begin = random.chance(0.75) ? known : random.below(log.length + 1);
    const events = log.slice(begin, begin + 1 + random.below(8));
    if (events.length === 0) return;
    const isSlow = this.slow.has(linkOf(from.name, to));
    const message = { from: from.name, to, events, dueMs: nowMs() + (isSlow ? 100 + random.below(600) : 0) };
    this.messages.push(message);
    if (!random.chance(0.15)) return;
    reached('duplicated');
    this.messages.push(message);
  }

  async deliver(): Promise<void> {
    const { random, reached, nowMs } = this.parts;
    if (this.messages.length === 0) return;
    const index = random.below(this.messages.length);
    if (this.messages[index]!.dueMs > nowMs()) return reached('slow link');
    if (index > 0) reached('reordered');
    const [message] = this.messages.splice(index, 1);
    if (random.chance(0.1)) return reached('lost');
    if (!this.isReachable(message!.from, message!.to)) return reached('cut');
    await this.receive(message!);
    // As the reader's check every second.
    if (random.chance(0.5)) await this.fillOwed(this.parts.regions.get(message!.to)!);
  }

  isReachable(a: string, b: string): boolean {
    return !this.cut.has(linkOf(a, b)) && a !== this.isolated && b !== this.isolated;
  }

  /** Nobody hears this one, whatever becomes of links, until it rejoins (null). */
  isolate(region: string | null): void {
    this.isolated = region;
  }

  /** A region was restored: what it took in it may not know any more, and with its server goes what it was sending. */
  restored(region: string, withServer: boolean): void {
    for (const there of this.places.values()) there.delete(region);
    if (withServer) this.messages = this.messages.filter((m) => m.from !== region);
  }

  toggle(which: 'cut' | 'slow', onlyOne: boolean): void {
    const links = this[which];
    const [a, b] = [this.parts.random.pick(this.names), this.parts.random.pick(this.names)];
    if (a === b || (onlyOne && links.size > 0)) return;
    if (!links.delete(linkOf(a, b))) links.add(linkOf(a, b));
  }

  sever(a: string, b: string): void {
    this.cut.add(linkOf(a, b));
  }

  heal(): void {
    this.cut.clear();
    this.slow.clear();
    this.messages = [];
  }

  /** All of a region's log to another one at once, where the link is up. */
  async exchange(from: SimRegion, to: string): Promise<void> {
    if (this.isReachable(from.name, to)) await this.receive({ from: from.name, to, events: this.told(from, to), dueMs: 0 });
  }

  async exchangeAll(): Promise<void> {
    for (const from of this.parts.regions.values()) for (const to of this.names) if (to !== from.name) await this.exchange(from, to);
  }

  /** Asks for what came without its contents, where the residency has come to allow them here. */
  async fillOwed(to: SimRegion): Promise<void> {
    for (const [from, owed] of to.database.owed) {
      const origin = this.parts.regions.get(from)!;
      if (!this.isReachable(from, to.name) || !to.believes(from) || !mayHold(to.database, to.name)) continue;
      await to.ask('ask owed');
      if (!mayHold(origin.database, to.name) || owed.epoch !== origin.database.epoch || !origin.isTelling) continue;
      this.parts.reached('owed contents came');
      await to.takeOwed(
        from,
        this.watched(
          origin
            .log()
            .slice(owed.first - 1, owed.last)
            .filter(isGuests),
          to.name,
        ),
        owed.last,
      );
    }
  }

  private at(to: string, from: string): Position {
    return this.parts.regions.get(to)!.database.vector.get(from) ?? { epoch: 1, sequence: 0 };
  }

  private told(from: SimRegion, to: string): Numbered[] {
    if (!from.isTelling) return [];
    const told = this.parts.bugs.has('contents-told') ? from.log() : from.log().map((event) => toldToAll(event, from.database));
    return this.watched(told, to);
  }

  /** Everything that goes to a region passes here (I3). */
  private watched(events: Numbered[], to: string): Numbered[] {
    const home = newestResidency(this.parts.regions.values());
    if (events.some((event) => showsTooMuch(event, to, home))) this.findings.push(`residency: ${to} is told contents`);
    return events;
  }

  private async withContents(from: string, to: SimRegion, events: readonly Numbered[]): Promise<Numbered[]> {
    const origin = this.parts.regions.get(from)!;
    if (!events.some((e) => e.type === 'lapidary.document.withheld.v1') || !mayHold(to.database, to.name)) return [...events];
    await to.ask('ask contents');
    if (!mayHold(origin.database, to.name) || !origin.isTelling) return [...events];
    this.parts.reached('contents asked for');
    const log = this.watched(origin.log(), to.name);
    // An origin whose log was set back, and that does not know it yet, has not got all that it is asked for.
    const isAsked = (e: Numbered): boolean => e.type === 'lapidary.document.withheld.v1' && e.epoch === origin.database.epoch;
    return events.map((e) => (isAsked(e) ? (log[e.sequence - 1] ?? e) : e));
  }

  private async take(from: string, to: SimRegion, events: readonly Numbered[], through: Position): Promise<void> {
    const filled = await this.withContents(from, to, events);
    try {
      await to.take(from, filled, through);
    } finally {
      // A process that died after the commit has taken them all the same; one that died before it has not.
      const at = to.database.vector.get(from);
      if (at?.epoch === through.epoch && at.sequence === through.sequence) this.notePlaces(from, to.name, events);
    }
  }

  private notePlaces(from: string, to: string, events: readonly Numbered[]): void {
    for (const { id, epoch, sequence } of events) {
      const place = `${from} ${epoch} ${sequence}`;
      const before = this.ever.get(place) ?? id;
      if (before !== id) this.findings.push(`place: ${place} was ${before}, and is ${id} in ${to}`);
      this.ever.set(place, id);
      const there = this.places.get(place) ?? new Map<string, string>();
      for (const [region, known] of there)
        if (known !== id) this.findings.push(`place: ${place} is ${known} in ${region}, and ${id} in ${to}`);
      this.places.set(place, there.set(to, id));
    }
  }

  private async receive(message: Message): Promise<void> {
    const { reached, bugs, random, regions } = this.parts;
    const { from, to } = message;
    const [region, origin] = [regions.get(to)!, regions.get(from)!];
    // As a session begins: how far the log is known is said, and only what its origin answers for is read on.
    await origin.hear(to, region.knowsOf(from));
    if (!region.believes(from)) return reached('a region that was given up not believed');
    if (!origin.isTelling) return reached('log not told');
    region.confirm(from);
    if (this.at(to, from).epoch < origin.database.epoch && !bugs.has('epoch-ignored')) {
      reached('newer epoch');
      await region.adopt(from, origin.database.epoch);
    }
    if (message.events.some((e) => e.epoch !== origin.database.epoch)) return reached('older epoch dropped');
    for (let rest = message.events; ;) {
      const run = planRun(this.at(to, from), rest, positionOf);
      if (run.skipped > 0) reached('skipped as known');
      await this.take(from, region, run.apply, run.at);
      const { stopped } = run;
      if (!stopped) return;
      rest = stopped.rest;
      if (stopped.by.kind === 'newer-epoch') {
        rest = rest.map((event) => ({ ...event, epoch: this.at(to, from).epoch }));
        continue;
      }
      reached('gap');
      if (bugs.has('gap-ignored')) return await this.take(from, region, rest, positionOf(rest.at(-1)!));
      if (random.chance(0.5)) return;
      await region.ask('ask back-fill');
      if (origin.database.epoch !== run.at.epoch || !origin.isTelling) return reached('back-fill of another epoch refused');
      const missing = this.told(origin, to).slice(stopped.by.from - 1, stopped.by.to);
      const fill = planBackfill(this.at(to, from), missing, positionOf, {
        epoch: run.at.epoch,
        from: stopped.by.from,
        through: stopped.by.to,
      });
      await this.take(from, region, fill.apply, fill.at);
      reached('back-filled');
    }
  }
}
