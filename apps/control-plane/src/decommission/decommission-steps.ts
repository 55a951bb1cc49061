import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { resolve } from 'node:path';
import type { CommandContext } from '../http/command-context.js';
import type { JobDefinition, StepDefinition } from '../jobs/job-definition.js';
import type { JobRow } from '../jobs/job-row.js';
import { redoSteps } from '../jobs/step-writes.js';
import { underEngineLease } from '../provisioning/engine-lease.js';
import { applySpec } from '../provisioning/apply-spec.js';
import { expectedResources } from '../provisioning/expected-resources.js';
import { childScriptOf, provisionRunOf } from '../provisioning/provision-run.js';
import { summaryOf } from '../provisioning/provision-steps.js';
import { beginRetirement, buryStamp, endRetirement, lockForRetirement } from '../stamps/retire-stamp.js';
import { DecommissionInputSchema, type DecommissionInput } from './decommission-input.js';
import * as limits from './decommission-limits.js';
import { finalSnapshot } from './final-snapshot.js';
import { leftoversOf } from './leftovers.js';
import { untilLetGo } from './let-go.js';
import { refuseWhatRemains } from './remains.js';

export interface DecommissionDeps {
  readonly config: ControlPlaneConfig;
  readonly clock: HybridLogicalClock;
  /** The jobs' own pool (P-BH1). */
  readonly reader: Pick<Tx, 'query'>;
}

const inputOf = (job: JobRow): DecommissionInput => DecommissionInputSchema.parse(job.input);

/**
 * drain → snapshot → destroy → verify → bury (I9). Each may run again after its worker's death (I8): looking has no effect,
 * a snapshot replaces its own file, destroying what is gone is no error, and the tombstone commits with its step. Until
 * "destroy" begins the stamp can go back to what it was; afterwards the only way is forward.
 */
export const decommissionDefinition = (deps: DecommissionDeps): JobDefinition => ({
  kind: 'decommission',
  steps: [drainStep(deps), snapshotStep(deps), destroyStep(deps), verifyStep(deps), buryStep(deps)],
  onUnfinished: async (tx, context, job) => {
    const { was } = inputOf(job);
    if (job.no_return_at !== null || was === null) return;
    const row = await lockForRetirement(tx, context, job.subject);
    if (row.status === 'retiring') await endRetirement(tx, context, deps.clock, row, was);
  },
  onRetry: async (tx: Tx, context: CommandContext, job: JobRow) => {
    const row = await lockForRetirement(tx, context, job.subject);
    if (row.status === 'retiring') return;
    // It served meanwhile: the same question as at the beginning.
    await refuseWhatRemains(tx, job.subject);
    // What was drained and kept is what was there before.
    await redoSteps(tx, job.id);
    await beginRetirement(tx, context, deps.clock, row);
  },
});

const drainStep = ({ reader, config }: DecommissionDeps): StepDefinition => ({
  name: 'drain',
  title: 'Make sure that nothing depends on it',
  timeoutMs: limits.drainTimeoutMs,
  run: async ({ job, signal }) => {
    const how = await untilLetGo(reader, job.subject, config.LAPIDARY_HEARTBEAT_MS, { signal, timeoutMs: limits.letGoTimeoutMs });
    return {
      message:
        how === 'silent'
          ? 'No tenant, reservation or route; its agent is silent, what it may hold ends with it'
          : 'No tenant, reservation or route',
      // Decided once more under lock, in the transaction that lets the next step begin (I9).
      commit: async (tx) => await refuseWhatRemains(tx, job.subject),
    };
  },
});

const snapshotStep = ({ config }: DecommissionDeps): StepDefinition => ({
  name: 'snapshot',
  title: 'Keep a final snapshot',
  timeoutMs: limits.snapshotTimeoutMs,
  run: async ({ job, signal, report }) => {
    const { spec, snapshot } = inputOf(job);
    if (!snapshot) return { message: 'Not wanted', skipped: true };
    const kept = await finalSnapshot({ config, spec, jobId: job.id, signal, report });
    return { message: kept.message, skipped: kept.file === null, output: { ...kept } };
  },
});

const destroyStep = (deps: DecommissionDeps): StepDefinition => ({
  name: 'destroy',
  title: 'Take its resources away',
  timeoutMs: limits.destroyTimeoutMs,
  noReturn: true,
  run: async ({ job, signal, cutOff, report, progress }) => {
    const { spec, regionFacts } = inputOf(job);
    const expected = await expectedResources(deps.reader, spec);
    const result = await applySpec({
      script: childScriptOf(deps.config),
      cwd: resolve(deps.config.LAPIDARY_ROOT_DIR),
      // Protection is lifted because a person typed the stamp's name (retire-command.ts).
      run: { ...provisionRunOf(deps.config, spec, regionFacts), operation: 'destroy', unprotect: true },
      signal,
      kill: cutOff,
      report,
      onCount: (done) => progress(done, expected),
      runChild: underEngineLease(deps.reader, `job ${job.id}`),
    });
    const summary = summaryOf(result.changes);
    return { message: `${summary} (${result.engine})`, summary, output: { changes: result.changes, engine: result.engine } };
  },
});

const verifyStep = ({ config }: DecommissionDeps): StepDefinition => ({
  name: 'verify',
  title: 'Look for what is left of it',
  timeoutMs: limits.verifyTimeoutMs,
  run: async ({ job }) => {
    const { spec } = inputOf(job);
    const { looked, left } = await leftoversOf(config, spec);
    if (left.length > 0) {
      throw new AppError('retire_incomplete', `Of ${spec.name} there is still: ${left.join(', ')}`, { details: { left } });
    }
    return { message: `Nothing is left: ${looked}` };
  },
});

const buryStep = ({ clock }: DecommissionDeps): StepDefinition => ({
  name: 'bury',
  title: 'Leave a tombstone',
  timeoutMs: limits.buryTimeoutMs,
  run: async ({ job }) => ({
    message: `${job.subject} is retired; its name stays taken`,
    commit: async (tx, context) => {
      await refuseWhatRemains(tx, job.subject);
      await buryStamp(tx, context, clock, job.subject);
    },
  }),
});
