import type { GivenUpRegion, RegionAnswer } from '@lapidary/contracts/api/given-up-regions';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { recordAudit } from '../audit/record-audit.js';
import type { CommandContext } from '../http/command-context.js';
import { recordEvent } from '../outbox/record-event.js';
import { keepWord } from '../regions/given-up-rows.js';

interface Said {
  readonly decision: GivenUpRegion;
  readonly answer: RegionAnswer;
  readonly peers: readonly string[];
  readonly unsettled?: boolean;
}

/** What this region says of one that was given up: kept here, told to the others (I5), audited (I10). */
export const speak = async (
  tx: Tx,
  context: CommandContext,
  clock: HybridLogicalClock,
  { decision, answer, peers, unsettled = false }: Said,
): Promise<void> => {
  // RG2: from here on nothing more of its log is taken in, so that the place that is told is the last one; who reads it waits for this lock.
  const [at] = await rowsOf<{ epoch: number; sequence: string }>(
    tx,
    `INSERT INTO version_vector AS v (origin, epoch, sequence, fenced) VALUES ($1, 0, 0, $2)
     ON CONFLICT (origin) DO UPDATE SET fenced = v.fenced OR excluded.fenced RETURNING epoch, sequence`,
    [decision.region, answer === 'agrees'],
  );
  const word = {
    region: context.region,
    answer,
    heard: { epoch: at!.epoch, sequence: Number(at!.sequence) },
    peers: [...peers].sort(),
    ...(unsettled ? { unsettled } : {}),
  };
  await keepWord(tx, decision, word);
  await recordEvent(tx, context, clock, 'lapidary.region.given-up.v1', `given-up/${decision.id}/${context.region}/${answer}`, {
    givenUp: decision,
    word,
  });
  const { id, successor, declaredIn } = decision;
  await recordAudit(tx, context, `region.${answer}`, `region/${decision.region}`, {
    decision: id,
    successor,
    declaredIn,
    heard: word.heard,
    ...(unsettled ? { unsettled } : {}),
  });
};
