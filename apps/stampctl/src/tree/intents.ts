import type { ArgumentSpec, CommandSpec } from '../command-spec.js';
import { limit, reason } from './arguments.js';

/** Commands about what waits for another region; part of the command tree. */
export const intentNouns: Readonly<Record<string, string>> = {
  intents: 'Commands that wait for a region that cannot be reached',
};

const intent: ArgumentSpec = { name: 'intent', description: 'id of the intent' };
const exampleId = 'eu.01K0000000000000000000000A';

export const intentCommands: readonly CommandSpec[] = [
  {
    path: 'intents ls',
    summary: 'List commands that wait for another region, in all regions, the newest first; exit code 1 when one is missing',
    options: [
      {
        flags: '--state <state>',
        description: 'open (default): queued, sent or cancelling; or one of them, or ended how',
        choices: ['open', 'queued', 'sent', 'cancelling', 'executed', 'refused', 'cancelled', 'expired'],
      },
      { flags: '--for <region>', description: 'only those for this region' },
      { flags: '--subject <subject>', description: 'only those about this, for example tenant/acme' },
      limit,
    ],
    examples: ['stampctl intents ls', 'stampctl intents ls --for us -o wide', 'stampctl intents ls --state refused'],
    load: async () => (await import('../commands/intents-ls.js')).intentsLs,
  },
  {
    path: 'intents show',
    summary: 'Show an intent: the request, how often it was sent, and what became of it',
    args: [intent],
    examples: [`stampctl intents show ${exampleId}`],
    load: async () => (await import('../commands/intents-show.js')).intentsShow,
  },
  {
    path: 'intents cancel',
    summary: 'Take an intent back; exit code 8 where it had been sent and its region has yet to say which came first',
    args: [intent],
    options: [reason],
    examples: [`stampctl intents cancel ${exampleId} --reason "asked for by mistake"`],
    load: async () => (await import('../commands/intents-cancel.js')).intentsCancel,
  },
];
