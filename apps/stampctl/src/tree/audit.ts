import type { CommandSpec } from '../command-spec.js';
import { limit } from './arguments.js';

export const auditNouns: Readonly<Record<string, string>> = {
  audit: 'Who changed what in a region, and whether anybody changed that since',
};

export const auditCommands: readonly CommandSpec[] = [
  {
    path: 'audit ls',
    summary: 'List who changed what in all regions, the newest first; -o wide says why, -o json what; exit code 1 when a region is missing',
    options: [
      { flags: '--subject <subject>', description: 'only changes of this, like tenant/acme or token/deploys' },
      { flags: '--actor <actor>', description: 'only what this one did, like token:deploys or system:replication' },
      { flags: '--action <action>', description: 'only this, like tenant.created or token.refused' },
      { flags: '--since <time>', description: 'only what was done since: 2h, or an RFC 3339 time' },
      { flags: '--until <time>', description: 'only what was done before: 10m, or an RFC 3339 time' },
      limit,
    ],
    examples: [
      'stampctl audit ls --limit 20',
      'stampctl audit ls --subject tenant/acme -o wide',
      'stampctl audit ls --actor token:deploys --since 2h',
    ],
    load: async () => (await import('../commands/audit-ls.js')).auditLs,
  },
  {
    path: 'audit verify',
    summary: 'Recompute the hash chain of the audit, row by row; exit code 7 if it is broken',
    examples: ['stampctl audit verify', 'stampctl audit verify --region us --timeout 10m'],
    load: async () => (await import('../commands/audit-verify.js')).auditVerify,
  },
];
