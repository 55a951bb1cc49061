import type { CommandSpec } from '../command-spec.js';
import { limit, reason } from './arguments.js';

const region = { name: 'region', description: 'name of the region', completes: 'regions' } as const;

export const limitCommands: readonly CommandSpec[] = [
  {
    path: 'top',
    summary: 'Live rates, times and refusals of a region’s routers, by stamp and by the busiest tenants',
    args: [region],
    options: [limit, { flags: '--once', description: 'show it once, also in a terminal' }],
    examples: ['stampctl top eu', 'stampctl top eu --once -n 20', 'stampctl top eu -o json'],
    load: async () => (await import('../commands/top.js')).top,
  },
  {
    path: 'limits show',
    summary: 'The limits that a region’s routers hold traffic to',
    args: [region],
    examples: ['stampctl limits show eu', 'stampctl limits show eu -o yaml > limits.yaml'],
    load: async () => (await import('../commands/limits-show.js')).limitsShow,
  },
  {
    path: 'limits set',
    summary: 'Replace a region’s limits by what a file says; its routers follow within a second',
    args: [region, { name: 'file', description: 'YAML or JSON, as "limits show -o yaml" prints it' }],
    options: [reason, { flags: '--dry-run', description: 'say what would change, change nothing; exit code 7 if anything' }],
    examples: ['stampctl limits set eu limits.yaml --reason "launch day"', 'stampctl limits set eu limits.yaml --dry-run'],
    load: async () => (await import('../commands/limits-set.js')).limitsSet,
  },
];
