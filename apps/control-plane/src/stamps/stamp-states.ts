import type { stampStatuses } from '@lapidary/contracts/api/stamps';
import type { TransitionTable } from '@lapidary/kernel/transition-table';

export type StampStatus = (typeof stampStatuses)[number];
export type StampEvent = 'declare' | 'activate' | 'fail' | 'retire' | 'keep' | 'leave-failed' | 'bury' | 'lose';

/** Life of a stamp. Cordon and health stand beside it: they say whether tenants are placed, not whether it exists. */
export const stampTransitions: TransitionTable<StampStatus, StampEvent> = {
  name: 'stamp',
  initial: 'provisioning',
  states: {
    provisioning: 'Being built; takes no tenants yet',
    active: 'Serves its tenants and takes new ones',
    failed: 'Could not be built; provision it again',
    retiring: 'Being taken down; takes no tenants any more',
    retired: 'Gone for good; its name stays taken',
  },
  transitions: [
    { from: ['provisioning', 'failed'], event: 'declare', to: 'provisioning', why: 'building starts anew' },
    { from: ['active'], event: 'declare', to: 'active', why: 'a stamp that serves goes on serving while it is changed' },
    { from: ['provisioning', 'active'], event: 'activate', to: 'active', why: 'its agent registered and its workload is healthy' },
    { from: ['provisioning', 'failed'], event: 'fail', to: 'failed', why: 'building stopped at an error' },
    { from: ['active'], event: 'fail', to: 'active', why: 'a failed change leaves what serves serving' },
    {
      from: ['active', 'failed'],
      event: 'retire',
      to: 'retiring',
      why: 'nothing depends on it, and nothing is placed on it from now on (I9)',
    },
    { from: ['retiring'], event: 'retire', to: 'retiring', why: 'taken up again where it stopped' },
    { from: ['retiring'], event: 'keep', to: 'active', why: 'retiring ended before the point of no return: it serves on' },
    { from: ['retiring'], event: 'leave-failed', to: 'failed', why: 'the same, of a stamp that could not be built' },
    {
      from: ['provisioning', 'active', 'failed', 'retiring'],
      event: 'lose',
      to: 'retired',
      why: 'its region was given up as lost for good; nothing is deleted, for there is nobody who could',
    },
    { from: ['retiring'], event: 'bury', to: 'retired', why: 'it holds no tenant, route, stream or data (I9)' },
  ],
};
