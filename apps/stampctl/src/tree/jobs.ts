import type { ArgumentSpec, CommandSpec } from '../command-spec.js';
import { job, limit, noWait, reason } from './arguments.js';

const letter: ArgumentSpec = { name: 'letter', description: 'id of the dead letter' };
const letterId = 'eu.01K0000000000000000000000B';

export const jobCommands: readonly CommandSpec[] = [
  {
    path: 'jobs ls',
    summary: 'List the jobs of all regions, the newest first; exit code 1 when a region is missing',
    options: [
      {
        flags: '--status <status>',
        description: 'only these',
        choices: ['queued', 'running', 'cancelling', 'succeeded', 'failed', 'cancelled'],
      },
      { flags: '--subject <name>', description: 'only those that work on this, for example eu-2' },
      limit,
    ],
    examples: ['stampctl jobs ls --status failed', 'stampctl jobs ls --subject eu-2', 'stampctl jobs ls --region us'],
    load: async () => (await import('../commands/jobs-ls.js')).jobsLs,
  },
  {
    path: 'jobs show',
    summary: 'Show one job with its steps and last messages',
    args: [job],
    examples: ['stampctl jobs show eu.01K0000000000000000000000A'],
    load: async () => (await import('../commands/jobs-show.js')).jobsShow,
  },
  {
    path: 'jobs watch',
    summary: 'Follow a job until it has finished',
    args: [job],
    examples: ['stampctl jobs watch eu.01K0000000000000000000000A --timeout 10m'],
    load: async () => (await import('../commands/jobs-watch.js')).jobsWatch,
  },
  {
    path: 'jobs cancel',
    summary: 'Stop a job after the resource it is working on; with --force, cut it off where it is',
    args: [job],
    options: [{ flags: '--force', description: 'do not wait for good order; also past a point of no return' }, reason, noWait],
    examples: ['stampctl jobs cancel eu.01K0000000000000000000000A', 'stampctl jobs cancel eu.01K0000000000000000000000A --force'],
    load: async () => (await import('../commands/jobs-cancel.js')).jobsCancel,
  },
  {
    path: 'jobs retry',
    summary: 'Go on with a failed or cancelled job where it stopped, and follow it',
    args: [job],
    options: [noWait],
    examples: ['stampctl jobs retry eu.01K0000000000000000000000A'],
    load: async () => (await import('../commands/jobs-retry.js')).jobsRetry,
  },
  {
    path: 'jobs dead-letters ls',
    summary: 'List the dead letters of all regions, the newest first; exit code 1 when a region is missing',
    options: [{ flags: '--all', description: 'those that were replayed or dropped too' }, limit],
    examples: ['stampctl jobs dead-letters ls', 'stampctl jobs dead-letters ls --all --region us'],
    load: async () => (await import('../commands/dead-letters-ls.js')).deadLettersLs,
  },
  {
    path: 'jobs dead-letters show',
    summary: 'Show why a job became a dead letter, and what became of it',
    args: [letter],
    examples: [`stampctl jobs dead-letters show ${letterId}`],
    load: async () => (await import('../commands/dead-letters-show.js')).deadLettersShow,
  },
  {
    path: 'jobs dead-letters replay',
    summary: 'Try the job again from the step that was under way, and follow it',
    args: [letter],
    options: [reason, noWait],
    examples: [`stampctl jobs dead-letters replay ${letterId}`],
    load: async () => (await import('../commands/dead-letters-replay.js')).deadLettersReplay,
  },
  {
    path: 'jobs dead-letters drop',
    summary: 'Put a dead letter aside for good; its job stays failed',
    args: [letter],
    options: [{ flags: '--reason <text>', description: 'why nothing has to be done, for the audit log (required)' }],
    examples: [`stampctl jobs dead-letters drop ${letterId} --reason "the stamp was retired"`],
    load: async () => (await import('../commands/dead-letters-drop.js')).deadLettersDrop,
  },
];
