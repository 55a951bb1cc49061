import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import type { RetirePlan } from '@lapidary/contracts/api/retirement';
import { regionFactsOf } from '@lapidary/contracts/stamp-spec';
import type { Reader, Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { CommandContext } from '../http/command-context.js';
import { enqueueJob, type EnqueueDeps } from '../jobs/enqueue-job.js';
import type { JobDefinition } from '../jobs/job-definition.js';
import { findOpenJob } from '../jobs/job-store.js';
import type { JobRow } from '../jobs/job-row.js';
import { loadRegionsFile } from '../regions/load-regions.js';
import { beginRetirement, lockForRetirement } from '../stamps/retire-stamp.js';
import { stampViewOf, type StampRow } from '../stamps/stamp-row.js';
import { getStamp } from '../stamps/stamp-store.js';
import type { DecommissionInput } from './decommission-input.js';
import { refuseWhatRemains, remainsOf } from './remains.js';

export interface RetireDeps extends EnqueueDeps {
  readonly config: ControlPlaneConfig;
  readonly definition: JobDefinition;
}

export interface RetireRequest {
  readonly name: string;
  /** The name as it was typed once more. */
  readonly confirm: string;
  readonly snapshot: boolean;
}

/** What would be done, and what stands in the way. */
export const planRetirement = async (reader: Reader, definition: JobDefinition, name: string): Promise<RetirePlan> => ({
  stamp: stampViewOf(await getStamp(reader, name)),
  remains: await remainsOf(reader, name),
  openJob: (await findOpenJob(reader, name))?.id ?? null,
  steps: definition.steps.map(({ name: step, title, noReturn = false }) => ({ name: step, title, noReturn })),
});

/**
 * I9: refuses a stamp on which anything depends, with the list. The stamp's row is locked while that is decided and it stops
 * taking tenants in the same transaction, so nothing can come in between; what is refused changes nothing.
 */
export const retireStamp = async (tx: Tx, context: CommandContext, deps: RetireDeps, request: RetireRequest): Promise<JobRow> => {
  const { name, confirm, snapshot } = request;
  if (confirm !== name) {
    throw new AppError('confirmation_needed', `"confirm" must be the stamp's name, ${name}`, {
      fields: [{ path: 'confirm', message: `must be ${name}` }],
    });
  }
  const row = await lockForRetirement(tx, context, name);
  if (row.status === 'retired') throw new AppError('illegal_transition', `${name} is retired already`);
  await refuseWhatRemains(tx, name);
  const because = context.reason === null ? '' : `: ${context.reason}`;
  const job = await enqueueJob(tx, context, deps, {
    definition: deps.definition,
    subject: name,
    variant: row.driver,
    input: { ...(await inputOf(deps.config, row, snapshot)) },
    message: `${context.actor} asked to retire ${name}${because}`,
  });
  await beginRetirement(tx, context, deps.clock, row);
  return job;
};

const inputOf = async (config: ControlPlaneConfig, row: StampRow, snapshot: boolean): Promise<DecommissionInput> => {
  // As the file says now: whoever may build and take away there today.
  const { regions } = await loadRegionsFile(config.LAPIDARY_STAMPS_DIR, row.region);
  // A stamp that is retiring already is past its point of no return: there is no way back to what it was.
  const was = row.status === 'active' || row.status === 'failed' ? row.status : null;
  return { spec: row.spec, regionFacts: regionFactsOf(regions[row.region]!), was, snapshot };
};
