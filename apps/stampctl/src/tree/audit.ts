import type { CommandSpec } from '../command-spec.js';
import { limit } from './arguments.js';

export const auditNouns: Readonly<Record<string, string>> = {
  audit: 'Who changed what in a region, and whether anybody changed that since',
};

export const auditCommands: readonly CommandSpec[] = [
  {
    path: 'audit ls',
    summary: 'List who changed what, the newest first; -o wide says why, -o json what',
    options: [{ flags: '--subject <subject>', description: 'only changes of this, like tenant/acme or token/deploys' }, limit],
    examples: ['stampctl audit ls --limit 20', 'stampctl audit ls --subject tenant/acme -o wide'],
    load: async () => (await import('../commands/audit-ls.js')).auditLs,
  },
  {
    path: 'audit verify',
    summary: 'Recompute the hash chain of the audit, row by row; exit code 7 if it is broken',
    examples: ['stampctl audit verify', 'stampctl audit verify --region us --timeout 10m'],
    load: async () => (await import('../commands/audit-verify.js')).auditVerify,
  },
];
