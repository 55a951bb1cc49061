import type { CommandSpec } from '../command-spec.js';
import { limit } from './arguments.js';

export const capacityCommands: readonly CommandSpec[] = [
  {
    path: 'capacity ls',
    summary: 'Show each region’s room, when it will be full, and whether another stamp is due',
    examples: ['stampctl capacity ls', 'stampctl capacity ls --region eu -o json'],
    load: async () => (await import('../commands/capacity-ls.js')).capacityLs,
  },
  {
    path: 'capacity explain',
    summary: 'Why a region gets another stamp or not: every number, the policy, and what was decided before',
    args: [{ name: 'region', description: 'name of the region', completes: 'regions' }],
    options: [limit],
    examples: ['stampctl capacity explain eu', 'stampctl capacity explain eu -n 50 -o wide'],
    load: async () => (await import('../commands/capacity-explain.js')).capacityExplain,
  },
];
