import type { RolloutVerb, RolloutView } from '@lapidary/contracts/api/rollouts';

const verbsOf: Readonly<Record<RolloutView['status'], readonly RolloutVerb[]>> = {
  running: ['pause', 'abort', 'rollback'],
  paused: ['resume', 'abort', 'rollback'],
  halting: [],
  halted: ['rollback'],
  aborting: [],
  aborted: ['rollback'],
  rolling_back: ['abort'],
  rolled_back: ['rollback'],
  completed: ['rollback'],
};

/**
 * What is offered to do with a roll-out, as docs/reference/states.md has it: the control plane decides. Approving starts a wave that
 * waits for it, or accepts one that could not be judged.
 */
export const allowedVerbs = ({ status, waves }: Pick<RolloutView, 'status' | 'waves'>): readonly RolloutVerb[] => {
  const isOpen = status === 'running' || status === 'paused';
  const waits = waves.some(
    (wave) => wave.status === 'awaiting' || (wave.status === 'soaking' && wave.checks.every((check) => check.outcome !== 'fail')),
  );
  return [...(isOpen && waits ? (['approve'] as const) : []), ...verbsOf[status]];
};
