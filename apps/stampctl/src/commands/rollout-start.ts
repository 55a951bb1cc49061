import { AppError } from '@lapidary/kernel/app-error';
import { RegionNameSchema } from '@lapidary/contracts/api/common';
import { RolloutPolicySchema, StartRolloutSchema, type RolloutPolicy, type StartRollout } from '@lapidary/contracts/api/rollouts';
import { rings } from '@lapidary/contracts/api/stamps';
import { z } from 'zod';
import { parseDurationMs } from '../context/duration.js';
import type { Command } from '../invocation.js';
import { planText, rolloutText } from '../output/rollout-text.js';
import { ReasonField } from './fields.js';
import { rolloutsOf } from './rollout-choice.js';
import { assertEndedAs, watchRollout } from './watch-rollout.js';

const list = <T>(item: z.ZodType<T, string>) =>
  z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .pipe(z.array(item))
    .optional();

const Options = z.object({
  workload: z.string().optional(),
  template: z.string().optional(),
  regions: list(RegionNameSchema),
  soak: z
    .string()
    .transform((text) => parseDurationMs(text) / 1_000)
    .optional(),
  concurrency: z.coerce.number().optional(),
  failures: z.coerce.number().optional(),
  approve: list(z.enum(rings)),
  whenUnjudged: z.enum(['wait', 'pass']).optional(),
  set: z.array(z.string().regex(/^[a-zA-Z0-9]+=.+$/, 'is written figure=value')).optional(),
  reason: ReasonField,
});

const waves = (approve: readonly string[] | undefined): Pick<RolloutPolicy, 'waves'> | Record<string, never> =>
  approve === undefined ? {} : { waves: RolloutPolicySchema.parse({}).waves.map((w) => ({ ...w, approval: approve.includes(w.ring) })) };

/** `--set requestsMin=500`: numbers where they are, words where the policy takes words. */
const figures = (set: readonly string[] | undefined): Record<string, unknown> =>
  Object.fromEntries(
    (set ?? []).map((pair) => {
      const [name = '', text = ''] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      return [name, Number.isNaN(Number(text)) ? text : Number(text)];
    }),
  );

const given = (values: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

export const rolloutStart: Command = async (invocation) => {
  const { output, options } = invocation;
  const typed = invocation.parse(Options, options);
  if ((typed.workload === undefined) === (typed.template === undefined)) {
    throw new AppError('usage', 'Say what to roll out', { details: { check: 'Either --workload <version> or --template <version>.' } });
  }
  const request = given({
    workload: typed.workload === undefined ? undefined : { version: typed.workload },
    template: typed.template === undefined ? undefined : { version: typed.template },
    regions: typed.regions,
    reason: typed.reason,
    policy: given({
      ...waves(typed.approve),
      soakSeconds: typed.soak,
      concurrencyMax: typed.concurrency,
      failuresMax: typed.failures,
      whenUnjudged: typed.whenUnjudged,
      ...figures(typed.set),
    }),
  }) as StartRollout;
  // Checked here, sent as typed: what is left out is the control plane's to decide.
  invocation.parse(StartRolloutSchema, request);
  const api = rolloutsOf(invocation);
  if (options.dryRun === true) {
    const plan = await api.plan(request);
    output.hint('Dry run: nothing was changed.');
    return output.result({ data: { dryRun: true, ...plan }, name: plan.waves.map((w) => w.name), table: (view) => planText(plan, view) });
  }
  const started = await api.start(request);
  output.note(
    `Roll-out ${started.id} brings ${started.stamps.filter((s) => s.status === 'waiting').length} stamps to ${started.target}. Ctrl-C only stops watching.`,
  );
  const rollout = options.watch === true ? await watchRollout(invocation, api, started) : started;
  if (options.watch !== true) output.hint(`Follow it: stampctl rollout status ${started.id} --watch`);
  await output.result({ data: rollout, name: rollout.id, table: (view) => rolloutText(rollout, view) });
  assertEndedAs(rollout, 'completed');
};
