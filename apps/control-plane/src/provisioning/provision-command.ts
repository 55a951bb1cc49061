import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import type { ProvisionPlan } from '@lapidary/contracts/api/provisioning';
import type { ProvisionRequest } from '@lapidary/contracts/api/stamps';
import { rowsOf } from '@lapidary/db/rows';
import { needsApproval } from '@lapidary/contracts/provisioner-protocol';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { CommandContext } from '../http/command-context.js';
import { enqueueJob, type EnqueueDeps } from '../jobs/enqueue-job.js';
import type { JobDefinition } from '../jobs/job-definition.js';
import type { JobRow } from '../jobs/job-row.js';
import { assertOwnRegion } from '../regions/single-writer.js';
import { declareStamp } from '../stamps/declare-stamp.js';
import { findStamp } from '../stamps/stamp-store.js';
import { provisionRunOf } from './provision-run.js';
import { ProvisionInputSchema, type ProvisionInput } from './provision-steps.js';
import type { ProvisionResult } from './provisioner-child.js';
import { resolveSpec, type ResolvedSpec } from './spec-files.js';
import { changedPaths, type SpecOverrides } from './spec-merge.js';
import { keepRolloutVersion, rolloutVersionOf, templateVersionOf, versionLayer, versionSourceOf } from './rollout-version.js';

export interface ProvisionCommandDeps extends EnqueueDeps {
  readonly config: ControlPlaneConfig;
  readonly definition: JobDefinition;
}

/**
 * The spec as it would be built now. A stamp without a file of its own keeps what was asked for when it was provisioned
 * before (else a second "provision" would take its capacity back to the default); with a file, the file is the truth.
 */
export const planProvision = async (
  reader: Pick<Tx, 'query'>,
  config: ControlPlaneConfig,
  name: string,
  request: ProvisionRequest,
): Promise<ProvisionInput> => {
  const { reason: _reason, approveReplace, ...asked } = request;
  const { resolved, overrides, versionFrom, templateVersion } = await desiredSpec(reader, config, name, asked);
  provisionRunOf(config, resolved.spec, resolved.regionFacts);
  await refuseOtherDriver(reader, resolved.spec.name, resolved.spec.driver);
  return ProvisionInputSchema.parse({
    ...resolved,
    versionFrom,
    templateVersion,
    overrides: JSON.parse(JSON.stringify(overrides)),
    approveReplace,
  });
};

export interface DesiredSpec {
  readonly resolved: ResolvedSpec;
  readonly overrides: SpecOverrides;
  readonly versionFrom: ProvisionInput['versionFrom'];
  /** null: the one that is installed as the newest. */
  readonly templateVersion: string | null;
}

/** What a stamp should be now, and what stands in it beside the files. Without `asked`: what drift is measured against. */
export const desiredSpec = async (
  reader: Pick<Tx, 'query'>,
  config: ControlPlaneConfig,
  name: string,
  asked: SpecOverrides = {},
): Promise<DesiredSpec> => {
  const earlier = await earlierOverrides(reader, name);
  // Goes before the file: a file is edited for the fleet's next version long before a stamp's turn comes.
  const rolled = versionLayer(await rolloutVersionOf(reader, name, 'workload'));
  const resolved = await resolveSpec(config.LAPIDARY_STAMPS_DIR, name, (source) =>
    source === 'defaults' ? [earlier, rolled, asked] : [rolled, asked],
  );
  const overrides = resolved.source === 'defaults' ? { ...earlier, ...asked } : asked;
  const templateVersion = await templateVersionOf(reader, name);
  return { resolved, overrides, versionFrom: versionSourceOf(resolved, { earlier, rolled, asked }), templateVersion };
};

const earlierOverrides = async (reader: Pick<Tx, 'query'>, name: string): Promise<SpecOverrides> => {
  const [last] = await rowsOf<{ input: unknown }>(
    reader,
    `SELECT input FROM job WHERE subject = $1 AND kind = 'provision' ORDER BY created_at DESC, id DESC LIMIT 1`,
    [name],
  );
  return (ProvisionInputSchema.safeParse(last?.input).data?.overrides ?? {}) as SpecOverrides;
};

/** What one driver built, another neither finds nor can take away. */
const refuseOtherDriver = async (reader: Pick<Tx, 'query'>, name: string, driver: string): Promise<void> => {
  const stamp = await findStamp(reader, name);
  if (!stamp || stamp.driver === driver || stamp.status === 'failed') return;
  const message = `${name} was built by the driver "${stamp.driver}"; it can't change to "${driver}"`;
  throw new AppError('spec_invalid', message, { fields: [{ path: 'driver', message }] });
};

export const describePlan = async (reader: Pick<Tx, 'query'>, input: ProvisionInput, result: ProvisionResult): Promise<ProvisionPlan> => {
  const stamp = await findStamp(reader, input.spec.name);
  return {
    spec: input.spec,
    specDigest: input.digest,
    source: input.source,
    versionFrom: input.versionFrom,
    overrides: Object.keys(input.overrides),
    stamp: stamp && { status: stamp.status },
    changed: changedPaths(stamp?.spec ?? {}, input.spec),
    engine: result.engine,
    simulated: result.engine.includes('simulated'),
    resources: result.plan,
    unchanged: result.changes['same'] ?? 0,
    policy: result.policy,
    monthlyCost: result.monthlyCost,
    approvalsNeeded: needsApproval(result.plan, input.approveReplace).map(({ name }) => name),
  };
};

/** Building a stamp takes longer than changing one, and a cloud longer than this machine. */
const variantOf = async (reader: Pick<Tx, 'query'>, { spec }: ProvisionInput): Promise<string> =>
  `${spec.driver}, ${(await findStamp(reader, spec.name))?.status === 'active' ? 'change' : 'build'}`;

/** Accepts a provision: job and declared stamp commit together. The job comes first: a stamp with an open job is not touched. */
export const provisionStamp = async (
  tx: Tx,
  context: CommandContext,
  deps: ProvisionCommandDeps,
  name: string,
  request: ProvisionRequest,
): Promise<JobRow> => {
  const input = await planProvision(tx, deps.config, name, request);
  assertOwnRegion(context, input.spec.region, `stamp ${name}`);
  const because = context.reason === null ? '' : `: ${context.reason}`;
  const job = await enqueueJob(tx, context, deps, {
    definition: deps.definition,
    subject: name,
    variant: await variantOf(tx, input),
    input: { ...input },
    message: `${context.actor} asked to provision ${name}${because}`,
  });
  await declareStamp(tx, context, deps.clock, input.spec);
  if (input.versionFrom === 'roll-out') await keepRolloutVersion(tx, name, 'workload', input.spec.workload.version);
  if (input.templateVersion !== null) await keepRolloutVersion(tx, name, 'template', input.templateVersion);
  return job;
};
