/**
 * When the regions that remain agree that one is lost for good: a function of facts that are only ever added, so that all come to the same
 * in whatever order they hear of them (I6). The states and what is kept are in apps/control-plane/src/regions/given-up-states.ts.
 */
export interface Decision {
  readonly id: string;
  readonly region: string;
  readonly successor: string;
  readonly declaredIn: string;
}

/** In a region's log. */
interface Place {
  readonly epoch: number;
  readonly sequence: number;
}

export interface Word {
  readonly region: string;
  readonly answer: 'objects' | 'agrees' | 'recalled' | 'inherits' | 'inherited';
  readonly heard: Place;
  readonly peers: readonly string[];
}

/** A decision with all that was said of it. */
export interface Told {
  readonly decision: Decision;
  readonly words: readonly Word[];
}

const said = ({ words }: Told, region: string, answer: Word['answer']): boolean =>
  words.some((w) => w.region === region && w.answer === answer);

/**
 * Whether it holds for good: somebody has told what it heard, which is said only once all who remain have agreed (RG10). One that was restored to before that has
 * forgotten that it agreed, and what it says anew changes nothing.
 */
export const isFinal = ({ words }: Told): boolean => words.some((w) => w.answer !== 'objects' && w.answer !== 'agrees');

/** A region that remains heard the one that was given up, before all had agreed. */
export const isVoid = (told: Told): boolean => told.words.some((w) => w.answer === 'objects') && !isFinal(told);

/** A lower one that is said by who has forgotten the final one comes too late (RG10). */
const precedes = (a: Told, b: Told): boolean => (isFinal(a) === isFinal(b) ? a.decision.id < b.decision.id : isFinal(a));

/**
 * Of each region that was given up the decision that holds: the lowest of those to which nobody objects. A region agrees to none above one that it
 * knows, so that all can agree to one alone: whoever said the lower one is among those who must agree, and never does.
 */
export const holding = <T extends Told>(all: readonly T[]): readonly T[] => {
  const lowest = new Map<string, T>();
  for (const told of all) {
    if (isVoid(told)) continue;
    const { region } = told.decision;
    const other = lowest.get(region);
    if (!other || precedes(told, other)) lowest.set(region, told);
  }
  return [...lowest.values()];
};

/** Whoever is known to remain, the lost one left out: the region where it was said, whoever spoke, and all whom these know. */
const known = ({ decision, words }: Told): string[] =>
  [...new Set([decision.declaredIn, decision.successor, ...words.flatMap((w) => [w.region, ...w.peers])])]
    .filter((region) => region !== decision.region)
    .sort();

/**
 * Whose agreement is still missing, by the lost region. Regions that are lost together are not asked of each other: where all who are no part of
 * them agree to all of them.
 */
export const missing = (all: readonly Told[]): ReadonlyMap<string, readonly string[]> => {
  const held = holding(all);
  let lost = new Set(held.map((told) => told.decision.region));
  const missingOf = (told: Told): string[] =>
    isFinal(told) ? [] : known(told).filter((region) => !lost.has(region) && !said(told, region, 'agrees'));
  for (;;) {
    const agreed = new Set(held.filter((told) => missingOf(told).length === 0).map((told) => told.decision.region));
    if (agreed.size === lost.size) break;
    lost = agreed;
  }
  return new Map(held.map((told) => [told.decision.region, missingOf(told)]));
};

/** Whose word is missing before the lost region's successor may act: all must have told what they heard of it. Those that must agree first, first. */
export const waitingFor = (told: Told, all: readonly Told[]): readonly string[] => {
  const without = missing(all);
  const disagreeing = without.get(told.decision.region) ?? [];
  if (disagreeing.length > 0) return disagreeing;
  return remaining(told, all).filter((region) => !said(told, region, 'recalled'));
};

/** Who remains, once all agree. */
export const remaining = (told: Told, all: readonly Told[]): string[] => {
  const without = missing(all);
  return known(told).filter((region) => (without.get(region) ?? [region]).length > 0);
};

interface Hearing extends Place {
  readonly region: string;
}

/** How far each of those that remain had heard the lost region's log, as it said when it agreed: for good (RG2). */
export const hearings = ({ words }: Pick<Told, 'words'>, remain: readonly string[]): Hearing[] =>
  words.filter((w) => w.answer === 'agrees' && remain.includes(w.region)).map(({ region, heard }) => ({ region, ...heard }));

const epochsOf = (heard: readonly Place[]): number => new Set(heard.map(({ epoch }) => epoch)).size;

/** How far all of them had; null where they know it under several epochs, or nobody has said. */
export const heardByAll = (heard: readonly Place[]): Place | null =>
  epochsOf(heard) === 1 ? { epoch: heard[0]!.epoch, sequence: Math.min(...heard.map(({ sequence }) => sequence)) } : null;

/**
 * From which place of the lost region's log on a region has to tell what it heard, since somebody did not (RG4); null: nothing. Where all know it under
 * one epoch, the first by name of those that heard most tells; else everybody tells all, and the versions decide.
 */
export const recalledFrom = (told: Pick<Told, 'words'>, own: string, remain: readonly string[]): number | null => {
  const heard = hearings(told, remain).sort((a, b) => b.sequence - a.sequence || (a.region < b.region ? -1 : 1));
  if (epochsOf(heard) > 1) return 0;
  const [most, least] = [heard[0], heard.at(-1)];
  return most?.region === own && least!.sequence < most.sequence ? least!.sequence + 1 : null;
};

/** Regions that all who remain agree to have lost: of their logs nobody hears more than he did. */
export const lostRegions = (all: readonly Told[]): ReadonlySet<string> =>
  new Set([...missing(all)].filter(([, waiting]) => waiting.length === 0).map(([region]) => region));

/** Who takes its place at this moment: the successor, or that one's own where it is lost, too. */
export const heirOf = (region: string, all: readonly Told[]): string | null => {
  const without = missing(all);
  const held = new Map(holding(all).map((told) => [told.decision.region, told.decision.successor]));
  let heir = held.get(region) ?? null;
  for (let steps = 0; heir !== null && steps <= held.size && without.get(heir)?.length === 0; steps += 1) heir = held.get(heir) ?? null;
  return heir;
};
