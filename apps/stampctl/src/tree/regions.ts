import type { CommandSpec } from '../command-spec.js';

export const regionNouns: Readonly<Record<string, string>> = { regions: 'Places with a control plane of their own' };

export const regionCommands: readonly CommandSpec[] = [
  {
    path: 'regions ls',
    summary: 'List the regions, with their room and the state of the link to each',
    examples: ['stampctl regions ls', 'stampctl regions ls --region us'],
    load: async () => (await import('../commands/regions-ls.js')).regionsLs,
  },
  {
    path: 'regions give-up',
    summary:
      'Give up a region that is lost for good: its tenants become another region’s, its stamps are retired; asks for its name (--yes to skip)',
    args: [{ name: 'region', description: 'name of the region that is lost', completes: 'regions' }],
    options: [
      { flags: '--successor <region>', description: 'region that remains, where its tenants are at home from then on' },
      { flags: '--reason <text>', description: 'why, for the audit log and for every region' },
    ],
    examples: ['stampctl regions give-up us --successor eu --reason "burnt down, see the incident"'],
    load: async () => (await import('../commands/regions-give-up.js')).regionsGiveUp,
  },
];
