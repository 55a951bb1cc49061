import {
  openRolloutStatuses,
  RolloutPolicySchema,
  type RolloutPlan,
  type RolloutView,
  type StartRollout,
} from '@lapidary/contracts/api/rollouts';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { newJobId } from '@lapidary/kernel/ids';
import { recordAudit } from '../audit/record-audit.js';
import type { CommandContext } from '../http/command-context.js';
import { announce } from './change-rollout.js';
import { planWaves, versionsMax, versionsOf } from './plan-waves.js';
import { openElsewhere, readFleet } from './read-fleet.js';
import { appendLines, insertRollout } from './rollout-rows.js';
import type { FleetStamp, RolloutState } from './rollout-state.js';

const whatOf = (request: StartRollout): { readonly kind: RolloutState['kind']; readonly target: string } =>
  request.workload ? { kind: 'workload', target: request.workload.version } : { kind: 'template', target: request.template!.version };

/** The roll-out as it would begin now. Throws where it must not. */
export const prepareRollout = async (reader: Reader, request: StartRollout, id: string, nowMs: number): Promise<RolloutState> => {
  const { kind, target } = whatOf(request);
  const policy = RolloutPolicySchema.parse(request.policy ?? {});
  const regions = await knownRegions(reader, request.regions);
  const fleet = await readFleet(reader, kind);
  refuseSkew(fleet, target);
  const { waves, members } = planWaves(policy, fleet, regions, target);
  if (!members.some((m) => m.status === 'waiting')) {
    const message =
      members.length === 0 ? 'There is no active stamp in the planned rings and regions' : `Every stamp runs ${target} already`;
    throw new AppError('invalid_input', message, { fields: [{ path: kind, message }] });
  }
  const base = versionsOf(fleet).find((v) => v.version !== null && v.version !== target)?.version ?? target;
  return { id, status: 'running', statusReason: null, kind, target, base, regions, policy, resumedAtMs: nowMs, waves, members };
};

const knownRegions = async (reader: Reader, asked: readonly string[] | undefined): Promise<string[]> => {
  const known = (await rowsOf<{ name: string }>(reader, 'SELECT name FROM region ORDER BY name')).map((r) => r.name);
  const strange = (asked ?? []).find((name) => !known.includes(name));
  if (strange !== undefined)
    throw new AppError('unknown_region', `There is no region "${strange}"; there is ${known.join(', ')}`, {
      details: { region: strange, known },
    });
  return asked ? [...new Set(asked)] : known;
};

/** P-ST8: a third version would have to get on with both of the others, and nobody tests that. */
const refuseSkew = (fleet: readonly FleetStamp[], target: string): void => {
  const present = versionsOf(fleet);
  const after = new Set([...present.map((v) => v.version), target]);
  if (after.size <= versionsMax) return;
  const list = present.map((v) => `${v.version ?? 'unknown'} (${v.stamps.length})`).join(', ');
  throw new AppError(
    'version_skew',
    `The fleet runs ${list}; with ${target} that would be ${after.size} versions, and at most ${versionsMax} may run at once`,
    {
      details: { versions: present, target },
    },
  );
};

export const describeRollout = (state: RolloutState): RolloutPlan => ({
  kind: state.kind,
  target: state.target,
  base: state.base,
  policy: state.policy,
  waves: state.waves.map((w) => ({
    name: w.name,
    approval: w.approval,
    stamps: state.members.filter((m) => m.wave === w.position && m.status === 'waiting').map((m) => m.stamp) as RolloutPlan['skipped'],
  })),
  skipped: state.members.filter((m) => m.status === 'skipped').map((m) => m.stamp) as RolloutPlan['skipped'],
  warnings: warningsOf(state),
});

const warningsOf = (state: RolloutState): string[] => {
  const first = state.waves.find((w) => state.members.some((m) => m.wave === w.position && m.status === 'waiting'));
  const inFirst = state.members.filter((m) => m.wave === first?.position && m.status === 'waiting').length;
  const all = state.members.filter((m) => m.status === 'waiting').length;
  return [
    ...(inFirst === all ? ['Everything is changed in one wave: there is no control group to compare with, only absolute limits'] : []),
  ];
};

/** Begins a roll-out; the controller of this region carries it on. */
export const startRollout = async (
  tx: Tx,
  context: CommandContext,
  clock: HybridLogicalClock,
  request: StartRollout,
  nowMs: number,
): Promise<RolloutView> => {
  const id = newJobId(context.region);
  await refuseOthers(tx);
  const state = await prepareRollout(tx, request, id, nowMs);
  await insertRollout(tx, state, {
    region: context.region,
    reason: context.reason,
    requestedBy: context.actor,
    requestId: context.requestId,
  });
  const because = context.reason === null ? '' : `: ${context.reason}`;
  await appendLines(tx, id, [
    { level: 'info', wave: null, stamp: null, message: `${context.actor} rolls out ${state.kind} ${state.target}${because}` },
  ]);
  await recordAudit(tx, context, 'rollout.start', `rollout/${id}`, { kind: state.kind, target: state.target, policy: state.policy });
  return await announce(tx, context, clock, id);
};

/** As far as is known here. Where two regions begin at once, the stamps decide: each is held by one roll-out only. */
const refuseOthers = async (tx: Tx): Promise<void> => {
  const [elsewhere] = await openElsewhere(tx);
  const [here] = await rowsOf<{ id: string }>(tx, `SELECT id FROM rollout WHERE status = ANY ($1) LIMIT 1`, [openRolloutStatuses]);
  const other = here?.id ?? elsewhere;
  if (other === undefined) return;
  const check = `stampctl rollout status ${other}; where its region is lost: stampctl rollout give-up ${other}`;
  throw new AppError('rollout_in_progress', `Roll-out ${other} is under way`, { details: { rollout: other, ...(here ? {} : { check }) } });
};
