import { inTransaction } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import { heirOf, holding, isFinal, lostRegions, recalledFrom, remaining, waitingFor } from '@lapidary/replication/given-up';
import type { DataSource } from 'typeorm';
import { systemContext } from '../http/command-context.js';
import { isRegionFenced } from '../fence/recovery-rows.js';
import { endOrphans } from '../intents/end-orphans.js';
import { readGivenUp, type ToldDecision } from '../regions/given-up-rows.js';
import { giveUpRolloutsOf } from '../rollouts/give-up-with-region.js';
import type { TenantTools } from '../tenants/tenant-row.js';
import { inheritFrom } from './inherit.js';
import { retellLostPurges } from './lost-purges.js';
import { recall } from './recall.js';
import { inheritRights, isUnsettled, recallCounters } from './rights.js';
import { judgeSilence, setBackToNow } from './silence.js';
import { speak } from './speak.js';

export interface GivenUpTools extends TenantTools {
  readonly region: string;
  readonly peers: readonly string[];
  readonly dataSource: DataSource;
  /** Whether a region answers at this moment. */
  readonly answers: (region: string) => Promise<boolean>;
}

/**
 * What this region has to do about those that were given up, as far as it can be done now. Level-triggered: each part is one transaction that looks again, and
 * a process that dies in between is followed by the next (I8). Returns whether anything was done.
 */
export const stepGivenUp = async (tools: GivenUpTools): Promise<boolean> => {
  await setBackToNow(tools.dataSource);
  const all = await readGivenUp(tools.dataSource);
  if (all.length === 0 || (await isRegionFenced(tools.dataSource))) return false;
  let moved = false;
  const lost = lostRegions(all);
  for (const told of holding(all)) {
    const { region } = told.decision;
    if (region === tools.region) continue;
    if (lost.has(region)) await endWaiting(tools, region);
    if (lost.has(region) && !hasRecalled(told, tools.region)) await retellLostPurges(tools, region);
    if (await stepOne(tools, told, null)) moved = true;
  }
  return moved;
};

/** Whether this region has told what it heard (RG4, RG9). */
const hasRecalled = ({ words }: ToldDecision, own: string): boolean => words.some((w) => w.region === own && w.answer === 'recalled');

/** Nobody waits for it from then on (IN7). */
const endWaiting = async ({ region, dataSource }: GivenUpTools, lost: string): Promise<void> => {
  const context = systemContext(region, 'given-up', newId());
  while ((await inTransaction(dataSource, async (tx) => endOrphans(tx, context, lost))) > 0);
};

/** `answers`: whether the lost region does, where that was asked. */
const stepOne = async (tools: GivenUpTools, of: ToldDecision, answers: boolean | null): Promise<boolean> => {
  const { id } = of.decision;
  const { region, dataSource, clock, peers } = tools;
  const context = systemContext(region, 'given-up', newId());
  const next = await inTransaction(
    dataSource,
    async (tx): Promise<'waits' | 'spoke' | 'ask' | { readonly inherit: string; readonly ended: boolean }> => {
      // One after the other, whoever leads: what was read before this lock may have moved on.
      await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`given-up ${id}`]);
      const all = await readGivenUp(tx);
      const told = holding(all).find((t) => t.decision.id === id);
      if (!told) return 'waits';
      const { decision, words } = told;
      const own = new Set(words.filter((w) => w.region === region).map((w) => w.answer));
      const say = async (answer: Parameters<typeof speak>[3]['answer'], unsettled = false): Promise<'spoke'> => {
        await speak(tx, context, clock, { decision, answer, peers, unsettled });
        return 'spoke';
      };
      if (!own.has('agrees')) {
        const verdict = isFinal(told) ? 'agrees' : await judgeSilence(tx, decision, answers);
        return verdict === 'waits' || verdict === 'ask' ? verdict : await say(verdict);
      }
      const waiting = waitingFor(told, all);
      if (!own.has('recalled')) {
        if (!waiting.includes(region)) return 'waits';
        const others = remaining(told, all);
        if (others.some((other) => !words.some((w) => w.region === other && w.answer === 'agrees'))) return 'waits';
        const from = recalledFrom(told, region, others);
        if (from !== null) {
          await recall(tx, context, tools, told, from);
          await recallCounters(tx, context, clock, decision.region);
        }
        return await say('recalled', await isUnsettled(tx, decision.region));
      }
      if (waiting.length > 0 || heirOf(decision.region, all) !== region) return 'waits';
      return own.has('inherits') ? { inherit: decision.region, ended: own.has('inherited') } : await say('inherits');
    },
  );
  if (next === 'ask') return await stepOne(tools, of, await tools.answers(of.decision.region));
  if (typeof next === 'string') return next === 'spoke';
  await giveUpRolloutsOf(dataSource, context, clock, next.inherit);
  const taken = await inheritFrom(dataSource, context, tools, next.inherit);
  if (next.ended) return taken > 0;
  const told = (await readGivenUp(dataSource)).find((t) => t.decision.id === id)!;
  if (!(await inheritRights(dataSource, context, clock, told))) return false;
  const { decision } = told;
  await inTransaction(dataSource, async (tx) => speak(tx, context, clock, { decision, answer: 'inherited', peers }));
  return true;
};
