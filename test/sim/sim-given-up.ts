import { giveAllRights } from '@lapidary/replication/collections/give-rights';
import { retellPurge } from '@lapidary/replication/collections/purge-document';
import { tellChange } from '@lapidary/replication/collections/tell-change';
import { changeOfWhole } from '@lapidary/replication/collections/whole-change';
import {
  heardByAll,
  hearings,
  heirOf,
  holding,
  isFinal,
  lostRegions,
  recalledFrom,
  remaining,
  waitingFor,
  type Decision,
  type Told,
  type Word,
} from '@lapidary/replication/given-up';
import { isFenced, maySpendRights } from '@lapidary/replication/recovery/recovery-states';
import type { MemoryCollections, MemoryDatabase } from './memory-collections.ts';
import { keepWord, type Said, type SaidWord } from './given-up-words.ts';
import type { Bugs } from './planted-bugs.ts';
import { tellResidency } from './residency.ts';
import type { SimRegion } from './sim-region.ts';

/** Who was heard within this is not given up (RG1); worlds live for some thousand milliseconds. */
export const silentMs = 300;

const by = { actor: 'sim', requestId: 'sim' };

/** As speak.ts. */
const speak = (region: SimRegion, database: MemoryDatabase, decision: Decision, answer: Word['answer'], bugs: Bugs): void => {
  const { epoch, sequence } = database.vector.get(decision.region) ?? { epoch: 0, sequence: 0 };
  if (answer === 'agrees') database.fenced = new Set([...database.fenced, decision.region]);
  const unsettled = answer === 'recalled' && database.held.some(({ origin }) => origin === decision.region);
  const said: Said = { decision, word: { region: region.name, answer, heard: { epoch, sequence }, peers: region.peers, unsettled } };
  keepWord(database, region.name, said);
  const id = `${region.name}-said-${database.epoch}-${database.outbox.length}-${decision.id}`;
  database.outbox.push({ id, type: 'lapidary.region.given-up.v1', subject: `given-up/${decision.id}`, data: said });
  if (bugs.has('agreed-unfenced')) database.fenced = new Set();
};

const isHeardLately = (database: MemoryDatabase, lost: string): boolean =>
  database.nowMs - (database.heard.get(lost)?.atMs ?? -Infinity) < silentMs;

/** As silence.ts: it objects only where it was heard since the decision is known here, and asks once more before it agrees. */
const judgeSilence = (database: MemoryDatabase, { id, region }: Decision, answers: boolean): Word['answer'] | null => {
  const now = database.heard.get(region)?.times ?? 0;
  const then = database.heardThen.get(id) ?? now;
  database.heardThen = new Map(database.heardThen).set(id, then);
  if (now > then) return 'objects';
  if (isHeardLately(database, region)) return null;
  return answers ? 'objects' : 'agrees';
};

const mayAct = ({ database }: SimRegion): boolean => !database.isGivenUp && !isFenced(database.recovery.state);

/** A person says in this region that another one is lost for good (declare.ts); whether that was taken. */
export const declareLost = async (region: SimRegion, lost: string, successor: string, id: string, bugs: Bugs): Promise<boolean> =>
  mayAct(region) &&
  (await region.inTx((_, database) => {
    const isKnown = holding([...database.givenUp.values()]).some(({ decision }) => [lost, successor].includes(decision.region));
    if (isKnown || isHeardLately(database, lost)) return Promise.resolve(false);
    speak(region, database, { id, region: lost, successor, declaredIn: region.name }, 'agrees', bugs);
    return Promise.resolve(true);
  }));

export interface GivenUpParts {
  readonly region: SimRegion;
  /** Whether a region does at this moment. */
  readonly answers: (region: string) => boolean;
  readonly bugs: Bugs;
  readonly reached: (what: string) => void;
}

/** One round of what a region does about those that were given up; as step-given-up.ts, with a crash at every wait. */
export const stepGivenUp = async (parts: GivenUpParts): Promise<void> => {
  const { region } = parts;
  if (!mayAct(region)) return;
  for (const { decision } of holding([...region.database.givenUp.values()]))
    if (decision.region !== region.name) await stepOne(parts, decision.id);
};

const stepOne = async (parts: GivenUpParts, id: string): Promise<void> => {
  const { region, reached, bugs } = parts;
  const next = await region.inTx(async (tx, database) => await stepNext(parts, tx, database, id));
  if (next === null) return;
  const { decision, words } = next;
  if ((words as readonly SaidWord[]).some((w) => w.unsettled)) reached('rights of a lost region stay unused');
  else {
    if (!maySpendRights(region.database.recovery.state)) return;
    for (const { key } of [...region.database.documents.values()].filter((d) => d.key.kind === 'counter'))
      await region.inTx(async (tx, database) => {
        const epoch = Math.max(1, database.vector.get(decision.region)?.epoch ?? 0);
        const site = { region: decision.region, epoch, tick: region.site.tick };
        if ((await giveAllRights(tx, site, key, region.name, { ...by, origin: region.name })) > 0)
          reached('rights of a lost region inherited');
      });
  }
  await region.inTx((_, database) => Promise.resolve(speak(region, database, decision, 'inherited', bugs)));
  reached('a lost region inherited');
};

/** What there is to say next; returned: what there is to inherit. */
const stepNext = async (
  { region, reached, bugs, answers }: GivenUpParts,
  tx: MemoryCollections,
  database: MemoryDatabase,
  id: string,
): Promise<Told | null> => {
  const all = [...database.givenUp.values()];
  const told = holding(all).find((t) => t.decision.id === id);
  if (!told) return null;
  const { decision, words } = told;
  const own = new Set(words.filter((w) => w.region === region.name).map((w) => w.answer));
  if (!own.has('agrees')) {
    const answer = isFinal(told) ? 'agrees' : judgeSilence(database, decision, answers(decision.region));
    if (answer === null) return null;
    speak(region, database, decision, answer, bugs);
    reached(`a region ${answer}`);
    return null;
  }
  const waiting = bugs.has('inherited-early') ? [] : waitingFor(told, all);
  if (!own.has('recalled')) {
    if (!waiting.includes(region.name) && !bugs.has('inherited-early')) return null;
    const others = remaining(told, all);
    if (others.some((other) => !words.some((w) => w.region === other && w.answer === 'agrees')) && !bugs.has('inherited-early'))
      return null;
    if (!bugs.has('unrecalled') && (await retellPurges(tx, database, region.name, told, others)))
      reached('purge of a lost region told again');
    const from = recalledFrom(told, region.name, others);
    if (from !== null && !bugs.has('unrecalled')) {
      await recall(tx, database, region.name, decision.region);
      reached('what one region alone had heard recalled');
    }
    speak(region, database, decision, 'recalled', bugs);
    return null;
  }
  if (waiting.length > 0 || (heirOf(decision.region, all) ?? decision.successor) !== region.name) return null;
  if (own.has('inherited')) return null;
  if (own.has('inherits')) return told;
  speak(region, database, decision, 'inherits', bugs);
  return null;
};

/** RG9, as lost-purges.ts. */
const retellPurges = async (
  tx: MemoryCollections,
  database: MemoryDatabase,
  region: string,
  told: Told,
  others: readonly string[],
): Promise<boolean> => {
  const byAll = heardByAll(hearings(told, others))?.sequence ?? 0;
  let isAny = false;
  for (const { key, grave, purge } of [...database.graves.values()])
    if (purge.origin === told.decision.region && !grave.isForgotten && (purge.sequence ?? 0) > byAll)
      if ((await retellPurge(tx, key, { ...by, origin: region })) !== null) isAny = true;
  return isAny;
};

/** RG4 and RG8: what this region heard of the lost one: its tenants’ residencies, and the counters that it wrote in, whole. */
const recall = async (tx: MemoryCollections, database: MemoryDatabase, region: string, lost: string): Promise<void> => {
  tellResidency(database, region);
  for (const { key, stored } of [...database.documents.values()]) {
    const { state } = stored;
    // Of a tenant of which something is owed nothing may be concluded.
    if (state.kind !== 'counter' || !Object.keys(state.rows).some((writer) => writer.startsWith(`${lost}#`))) continue;
    await tellChange(tx, key, { whole: true, change: changeOfWhole(state, null), settled: [] });
  }
};

/** Regions of whose logs nobody hears more, as this one knows. */
export const lostTo = (database: MemoryDatabase): ReadonlySet<string> => lostRegions([...database.givenUp.values()]);
