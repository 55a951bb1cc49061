import type { ArgumentSpec, CommandSpec, OptionSpec } from '../command-spec.js';
import { limit, reason } from './arguments.js';

export const rolloutNouns: Readonly<Record<string, string>> = { rollout: 'Versions on their way through the fleet, wave by wave' };

const rollout: ArgumentSpec = { name: 'rollout', description: 'id of the roll-out; left out: the newest', optional: true };
const watch: OptionSpec = { flags: '--watch', description: 'follow it to its end; ends with 1 where it did not complete' };
const id = 'eu.01K0000000000000000000000A';

const verb = (
  name: 'approve' | 'pause' | 'resume' | 'abort' | 'rollback',
  summary: string,
  more: readonly OptionSpec[] = [],
): CommandSpec => ({
  path: `rollout ${name}`,
  summary,
  args: [rollout],
  options: [reason, ...more],
  examples: [`stampctl rollout ${name}`, `stampctl rollout ${name} ${id} --reason "see the ticket"`],
  load: async () => (await import('../commands/rollout-verbs.js')).rolloutVerb(name),
});

export const rolloutCommands: readonly CommandSpec[] = [
  {
    path: 'rollout start',
    summary: 'Roll out a version; it stops itself and takes back the wave that fails',
    options: [
      { flags: '--workload <version>', description: 'version of the workload' },
      { flags: '--template <version>', description: 'version of the stamp template' },
      { flags: '--regions <regions>', description: 'only these, comma-separated (default: every region)' },
      { flags: '--soak <duration>', description: 'how long each changed stamp is watched, like 10m' },
      { flags: '--concurrency <count>', description: 'stamps being changed at once' },
      { flags: '--failures <count>', description: 'stamps of a wave that may fail without halting it' },
      { flags: '--approve <rings>', description: 'rings that start only when somebody approves, comma-separated' },
      {
        flags: '--when-unjudged <act>',
        description: 'what becomes of a healthy wave with too few requests to be judged',
        choices: ['wait', 'pass'],
      },
      { flags: '--set <figure=value>', description: 'any other figure of the policy, like latencyP95MaxMs=500', repeats: true },
      reason,
      { flags: '--dry-run', description: 'only show the waves' },
      watch,
    ],
    examples: [
      'stampctl rollout start --workload 0.2.0',
      'stampctl rollout start --workload 0.2.0 --soak 30m --approve early,broad --failures 1 --dry-run',
      'stampctl rollout start --workload 0.2.0 --set requestsMin=500 --set latencyP95MaxMs=800 --watch',
    ],
    load: async () => (await import('../commands/rollout-start.js')).rolloutStart,
  },
  {
    path: 'rollout status',
    summary: 'Where a roll-out stands: waves, stamps, checks with their figures, verdicts',
    args: [rollout],
    options: [watch],
    examples: ['stampctl rollout status', `stampctl rollout status ${id} -o wide`, 'stampctl rollout status --watch'],
    load: async () => (await import('../commands/rollout-status.js')).rolloutStatus,
  },
  {
    path: 'rollout ls',
    summary: 'List the roll-outs of all regions, newest first',
    options: [{ flags: '--status <status>', description: 'only these, for example running' }, limit],
    examples: ['stampctl rollout ls', 'stampctl rollout ls --status halted'],
    load: async () => (await import('../commands/rollout-ls.js')).rolloutLs,
  },
  verb('approve', 'Let a wave start that waits for it, or accept one that can’t be judged'),
  verb('pause', 'Change no further stamp; what is changed stays watched'),
  verb('resume', 'Go on with a paused roll-out', [watch]),
  verb('abort', 'End a roll-out; each stamp keeps what it has'),
  verb('rollback', 'Take every changed stamp back to what it had; asks first (--yes to skip)', [watch]),
  {
    path: 'rollout give-up',
    summary: 'Give up a roll-out whose region is lost, so that it holds nothing and another one may begin; asks first (--yes to skip)',
    args: [{ name: 'rollout', description: 'id of the roll-out, as stampctl rollout ls shows it' }],
    options: [reason],
    examples: [`stampctl rollout give-up ${id} --reason "region eu burnt down"`],
    load: async () => (await import('../commands/rollout-give-up.js')).rolloutGiveUp,
  },
  {
    path: 'rollout versions',
    summary: 'Which versions the fleet runs; exits with 7 where there is more than one',
    examples: ['stampctl rollout versions'],
    load: async () => (await import('../commands/rollout-versions.js')).rolloutVersions,
  },
];
