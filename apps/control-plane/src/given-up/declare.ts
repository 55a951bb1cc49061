import type { GivenUpRegion, GiveUpRegion } from '@lapidary/contracts/api/given-up-regions';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { newId } from '@lapidary/kernel/ids';
import { nextState } from '@lapidary/kernel/transition-table';
import type { CommandContext } from '../http/command-context.js';
import { decisionOn } from '../regions/given-up-rows.js';
import { givenUpTable } from '../regions/given-up-states.js';
import { heardLately, silentMinutesMin } from './silence.js';
import { speak } from './speak.js';

export const refuseHeard = (region: string, by: string, at: string): never => {
  throw new AppError(
    'illegal_transition',
    `Region ${region} was heard by region ${by} at ${at}, and is given up after ${silentMinutesMin} minutes of silence at the earliest`,
    {
      details: { region, by, at },
    },
  );
};

export interface DeclareTools {
  readonly clock: HybridLogicalClock;
  /** The regions beside this one, as it is configured. */
  readonly peers: readonly string[];
}

/** A person says that a region is lost for good (RG1). This region agrees with it in the same transaction. */
export const declareLost = async (
  tx: Tx,
  context: CommandContext,
  { clock, peers }: DeclareTools,
  region: string,
  { successor, reason }: GiveUpRegion,
): Promise<GivenUpRegion> => {
  const known = (await rowsOf<{ name: string }>(tx, 'SELECT name FROM region')).map((row) => row.name);
  if (!known.includes(region)) throw new AppError('not_found', `There is no region ${region}`);
  if (region === context.region)
    throw new AppError('illegal_transition', `Region ${region} can't give itself up: ask a region that remains`);
  if (successor === region || ![context.region, ...peers].includes(successor)) {
    const message = `${successor} is none of the regions that remain`;
    throw new AppError('unknown_region', message, { fields: [{ path: 'successor', message }] });
  }
  // Two who ask in one region ask one after the other.
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`given-up ${region}`]);
  const before = await decisionOn(tx, region);
  nextState(givenUpTable, before ? 'declared' : 'present', 'declare');
  if (await decisionOn(tx, successor)) throw new AppError('illegal_transition', `Region ${successor} was given up itself`);
  const heardAt = await heardLately(tx, region);
  if (heardAt) refuseHeard(region, context.region, heardAt.toISOString());
  const decision: GivenUpRegion = {
    ...{ id: newId(), region, successor, declaredIn: context.region },
    ...{ by: context.actor, reason, at: new Date().toISOString() },
  };
  await speak(tx, context, clock, { decision, answer: 'agrees', peers });
  return decision;
};
