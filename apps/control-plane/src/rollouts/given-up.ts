import { rolloutsPath } from '@lapidary/contracts/api/paths';
import {
  openRolloutStatuses,
  RolloutPageSchema,
  RolloutSchema,
  type GivenUpRollout,
  type RolloutView,
} from '@lapidary/contracts/api/rollouts';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';
import { AppError, isAppError } from '@lapidary/kernel/app-error';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { regionOfRollout } from '@lapidary/kernel/names';
import { nextState } from '@lapidary/kernel/transition-table';
import { recordAudit } from '../audit/record-audit.js';
import type { CommandContext } from '../http/command-context.js';
import { recordEvent } from '../outbox/record-event.js';
import { givenUpOf, keepGivenUp } from '../stamps/given-up-rollouts.js';
import { copyTable, type CopyStatus } from './copy-states.js';
import type { RegionApi } from './region-api.js';

/** A roll-out that another region coordinates, as its events told. */
export const copyOf = async (reader: Reader, id: string): Promise<RolloutView> => {
  const [row] = await rowsOf<{ view: RolloutView }>(reader, 'SELECT view FROM rollout_replica WHERE id = $1', [id]);
  if (!row) throw new AppError('not_found', `This region knows no roll-out ${id} of another region`);
  return RolloutSchema.parse(row.view);
};

const statusOf = async (tx: Tx, { id, status }: RolloutView): Promise<CopyStatus> => {
  if (!openRolloutStatuses.includes(status)) return 'ended';
  return (await givenUpOf(tx, id)) === null ? 'open' : 'given_up';
};

/** GU1. Asked at this moment, since what is known of links is some seconds old. Whatever it answers, it is heard, and can be told itself. */
export const refuseWhileHeard = async (api: Pick<RegionApi, 'ask'>, id: string): Promise<void> => {
  const region = regionOfRollout(id)!;
  try {
    await api.ask(region, { rollout: id, method: 'GET', path: `${rolloutsPath}?limit=1`, answer: RolloutPageSchema });
  } catch (error) {
    if (isAppError(error) && error.code === 'region_unreachable') return;
  }
  throw new AppError('illegal_transition', `Region ${region}, which coordinates ${id}, answers: abort it there`, {
    details: { check: `stampctl rollout abort ${id}` },
  });
};

/** Gives up a roll-out of another region, here and by an event in all others (I5). Throws illegal_transition where it has ended or is given up. */
export const giveUp = async (tx: Tx, context: CommandContext, clock: HybridLogicalClock, id: string): Promise<GivenUpRollout> => {
  // Its region's events wait meanwhile, and two people ask one after the other.
  await tx.query('SELECT 1 FROM rollout_replica WHERE id = $1 FOR UPDATE', [id]);
  const view = await copyOf(tx, id);
  nextState(copyTable, await statusOf(tx, view), 'give_up');
  const givenUp: GivenUpRollout = {
    rollout: id,
    region: context.region,
    by: context.actor,
    reason: context.reason,
    at: new Date().toISOString(),
  };
  await keepGivenUp(tx, givenUp);
  await recordAudit(tx, context, 'rollout.give-up', `rollout/${id}`, { status: view.status, coordinator: view.region });
  await recordEvent(tx, context, clock, 'lapidary.rollout.given-up.v1', `rollout/${id}`, { givenUp });
  return givenUp;
};
