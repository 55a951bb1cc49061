import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { versionSources } from '@lapidary/contracts/api/provisioning';
import { StampOutputsSchema, TemplateVersionSchema, type StampOutputs } from '@lapidary/contracts/provisioner-protocol';
import { RegionFactsSchema, StampSpecSchema, type StampSpec } from '@lapidary/contracts/stamp-spec';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { digestOf } from '@lapidary/kernel/canonical-json';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { JobDefinition, StepContext, StepDefinition } from '../jobs/job-definition.js';
import type { JobRow } from '../jobs/job-row.js';
import { activateStamp, failStamp, recordStampOutputs } from '../stamps/activate-stamp.js';
import { declareStamp } from '../stamps/declare-stamp.js';
import { findStamp } from '../stamps/stamp-store.js';
import { applySpec } from './apply-spec.js';
import { underEngineLease } from './engine-lease.js';
import { expectedResources } from './expected-resources.js';
import * as limits from './provision-limits.js';
import { childScriptOf, provisionRunOf } from './provision-run.js';
import type { runProvisioner } from './provisioner-child.js';
import { waitForAgent, waitForFrontDoors, waitForWorkload } from './stamp-readiness.js';

/** What a provision job keeps from its acceptance. Kept whole, so that a resumed or retried job builds the same. */
export const ProvisionInputSchema = z.object({
  spec: StampSpecSchema,
  digest: z.string(),
  source: z.enum(['file', 'defaults']),
  versionFrom: z.enum(versionSources).default('defaults'),
  overrides: z.record(z.string(), z.unknown()),
  /** Given by a roll-out; null: the newest that is installed when the job runs. */
  templateVersion: TemplateVersionSchema.nullable().default(null),
  regionFacts: RegionFactsSchema,
  /** Counts for this job and its retries only, never for a later provision. */
  approveReplace: z.array(z.string()).default([]),
});
export type ProvisionInput = z.infer<typeof ProvisionInputSchema>;

const AppliedSchema = z.object({
  outputs: StampOutputsSchema,
  changes: z.record(z.string(), z.number()),
  engine: z.string(),
  changed: z.boolean(),
});

export interface ProvisionDeps {
  readonly config: ControlPlaneConfig;
  readonly clock: HybridLogicalClock;
  /** The jobs' own pool (P-BH1). */
  readonly reader: Pick<Tx, 'query'>;
  /** Runs the children that change things; under the stack's lease if left out. */
  readonly runChild?: typeof runProvisioner;
  /** Tests put a child of their own here. */
  readonly childScript?: string;
}

const inputOf = (job: JobRow): ProvisionInput => ProvisionInputSchema.parse(job.input);
const appliedOf = (context: StepContext): z.infer<typeof AppliedSchema> => AppliedSchema.parse(context.outputs['apply']);

const ops = ['create', 'update', 'replace', 'delete'] as const;
const pastTense: Readonly<Record<(typeof ops)[number], string>> = {
  create: 'created',
  update: 'updated',
  replace: 'replaced',
  delete: 'deleted',
};

/** "8 created, 1 updated" or "no changes". */
export const summaryOf = (changes: Readonly<Record<string, number>>): string => {
  const parts = ops.filter((op) => (changes[op] ?? 0) > 0).map((op) => `${changes[op]} ${pastTense[op]}`);
  return parts.length === 0 ? 'no changes' : parts.join(', ');
};

/**
 * resolve → apply → register → verify → activate. Each may run again after its worker's death (I8): the engine's state
 * makes apply idempotent, waiting has no effect, and what changes the stamp's row commits with its step.
 */
export const provisionDefinition = (deps: ProvisionDeps): JobDefinition => ({
  kind: 'provision',
  steps: [resolveStep(), applyStep(deps), registerStep(deps), verifyStep(deps), activateStep(deps)],
  onUnfinished: async (tx, context, job, outcome) => {
    const stamp = await findStamp(tx, job.subject);
    // A stamp that serves goes on serving; one that never did can't.
    if (!stamp || stamp.status === 'active' || stamp.status === 'retired') return;
    await failStamp(tx, context, deps.clock, job.subject, `job ${job.id} ${outcome}`);
  },
  onRetry: async (tx, context, job) => {
    await declareStamp(tx, context, deps.clock, inputOf(job).spec);
  },
});

const resolveStep = (): StepDefinition => ({
  name: 'resolve',
  title: 'Resolve the stamp spec',
  timeoutMs: limits.resolveTimeoutMs,
  run: async ({ job, report }) => {
    const input = inputOf(job);
    const digest = digestOf(input.spec);
    if (input.source === 'defaults') report('info', `There is no stamps/${job.subject}.yaml: rendered from stamps/defaults.yaml`);
    const asked = Object.keys(input.overrides);
    if (asked.length > 0) report('info', `As asked for: ${asked.join(', ')}`, { overrides: input.overrides });
    return { message: `Spec ${digest.slice(0, 12)} for driver ${input.spec.driver}`, output: { spec: input.spec, digest } };
  },
});

const applyStep = (deps: ProvisionDeps): StepDefinition => ({
  name: 'apply',
  title: 'Apply the template',
  timeoutMs: limits.applyTimeoutMs,
  run: async ({ job, signal, cutOff, report, progress }) => {
    const { spec, regionFacts, approveReplace, templateVersion } = inputOf(job);
    const expected = await expectedResources(deps.reader, spec);
    const onCount = (done: number): void => progress(done, expected);
    const run = { ...provisionRunOf(deps.config, spec, regionFacts, templateVersion), approveReplace };
    const script = deps.childScript ?? childScriptOf(deps.config);
    const runChild = deps.runChild ?? underEngineLease(deps.reader, `job ${job.id}`);
    const result = await applySpec({
      script,
      cwd: resolve(deps.config.LAPIDARY_ROOT_DIR),
      run,
      signal,
      kill: cutOff,
      report,
      onCount,
      runChild,
    });
    const { outputs, changes, engine } = result;
    if (outputs === null) throw new AppError('provision_failed', 'The template gave no outputs', { internal: `engine ${engine}` });
    const summary = summaryOf(changes);
    return {
      message: `${summary} (${engine})`,
      summary,
      output: { outputs, changes, engine, changed: summary !== summaryOf({}) },
      // At once, so that the agent, which is starting already, can register.
      commit: async (tx, context) => {
        if (!(await hasOutputs(tx, spec, outputs))) await recordStampOutputs(tx, context, deps.clock, spec.name, outputs);
      },
    };
  },
});

const hasOutputs = async (tx: Tx, spec: StampSpec, outputs: StampOutputs): Promise<boolean> =>
  (
    await rowsOf(
      tx,
      `SELECT 1 FROM stamp WHERE name = $1 AND front_doors = $2 AND agent_token_sha256 = $3 AND template_version = $4 AND graph_digest = $5`,
      [spec.name, outputs.frontDoors, outputs.agentTokenSha256, outputs.templateVersion, outputs.graphDigest],
    )
  ).length > 0;

const registerStep = ({ reader, config }: ProvisionDeps): StepDefinition => ({
  name: 'register',
  title: 'Wait for the stamp’s agent',
  // The wait inside ends first, with the better message.
  timeoutMs: limits.registerTimeoutMs + limits.resolveTimeoutMs,
  run: async (context) => {
    const { job, signal } = context;
    refuseSimulated(appliedOf(context).engine);
    const { epoch } = await waitForAgent(reader, job.subject, config.LAPIDARY_HEARTBEAT_MS, {
      signal,
      timeoutMs: limits.registerTimeoutMs,
    });
    return { message: `The agent is registered at epoch ${epoch}`, output: { epoch } };
  },
});

/** Waiting for an agent there would only end in a time-out. What was applied stays, for plans, drift and the next apply. */
const refuseSimulated = (engine: string): void => {
  if (!engine.includes('simulated')) return;
  const message = `The template is applied by the engine "${engine}": nothing runs there, so the stamp can’t take tenants`;
  throw new AppError('simulated_cloud', message, { details: { engine } });
};

const verifyStep = ({ reader, config }: ProvisionDeps): StepDefinition => ({
  name: 'verify',
  title: 'Ask the front door',
  timeoutMs: limits.verifyTimeoutMs * 2 + limits.resolveTimeoutMs,
  run: async (context) => {
    const { frontDoors } = appliedOf(context).outputs;
    const options = { signal: context.signal, timeoutMs: limits.verifyTimeoutMs };
    await waitForFrontDoors(frontDoors, options);
    await waitForWorkload(reader, context.job.subject, config.LAPIDARY_HEARTBEAT_MS, options);
    return { message: `${frontDoors.join(', ')} and the workload behind are healthy` };
  },
});

const activateStep = ({ reader, clock }: ProvisionDeps): StepDefinition => ({
  name: 'activate',
  title: 'Open the stamp to tenants',
  timeoutMs: limits.activateTimeoutMs,
  run: async (context) => {
    const { outputs, changed } = appliedOf(context);
    const stamp = await findStamp(reader, context.job.subject);
    if (stamp?.status === 'active' && !changed) return { message: 'It serves already and nothing has changed', skipped: true };
    return {
      message: `${context.job.subject} takes tenants`,
      commit: async (tx, command) => {
        await activateStamp(tx, command, clock, context.job.subject, outputs);
      },
    };
  },
});
