import type { CommandSpec } from '../command-spec.js';
import { limit, reason } from './arguments.js';

export const tokenNouns: Readonly<Record<string, string>> = { tokens: 'Who may call a region, and in which role' };

const token = { name: 'name', description: 'name of the token; the audit log calls its holder token:<name>' } as const;

export const tokenCommands: readonly CommandSpec[] = [
  {
    path: 'tokens ls',
    summary: 'List who may call the region, with roles and ends',
    options: [limit],
    examples: ['stampctl tokens ls', 'stampctl tokens ls --region us -o json'],
    load: async () => (await import('../commands/tokens-ls.js')).tokensLs,
  },
  {
    path: 'tokens create',
    summary: 'Let somebody in: makes a secret, shows it once, and gives it roles',
    args: [token],
    options: [
      {
        flags: '--role <role[@region]>',
        description: 'viewer, operator or admin; in every region, or in one (required); may be repeated',
        repeats: true,
      },
      { flags: '--valid-for <duration>', description: 'ends after this long, like 12h or 90d; without it, when it is revoked' },
      reason,
    ],
    examples: [
      'stampctl tokens create deploys --role operator@eu --role viewer --valid-for 90d --reason "the pipeline of team red"',
      'stampctl tokens create ann --role viewer -o json',
    ],
    load: async () => (await import('../commands/tokens-create.js')).tokensCreate,
  },
  {
    path: 'tokens revoke',
    summary: 'End a token and its sessions; its name stays taken',
    args: [token],
    options: [{ flags: '--reason <text>', description: 'why, for the audit log (required)' }],
    examples: ['stampctl tokens revoke deploys --reason "it was in a log"'],
    load: async () => (await import('../commands/tokens-revoke.js')).tokensRevoke,
  },
];
