import type { stampStatuses } from '@lapidary/contracts/api/stamps';
import type { TransitionTable } from '@lapidary/kernel/transition-table';

export type StampStatus = (typeof stampStatuses)[number];
export type StampEvent = 'declare' | 'activate' | 'fail' | 'retire';

/** Life of a stamp. Cordon and health stand beside it: they say whether tenants are placed, not whether it exists. */
export const stampTransitions: TransitionTable<StampStatus, StampEvent> = {
  name: 'stamp',
  initial: 'provisioning',
  states: {
    provisioning: 'Being built; takes no tenants yet',
    active: 'Serves its tenants and takes new ones',
    failed: 'Could not be built; provision it again',
    retired: 'Gone for good; its name stays taken',
  },
  transitions: [
    { from: ['provisioning', 'failed'], event: 'declare', to: 'provisioning', why: 'building starts anew' },
    { from: ['active'], event: 'declare', to: 'active', why: 'a stamp that serves goes on serving while it is changed' },
    { from: ['provisioning', 'active'], event: 'activate', to: 'active', why: 'its agent registered and its workload is healthy' },
    { from: ['provisioning', 'failed'], event: 'fail', to: 'failed', why: 'building stopped at an error' },
    { from: ['active'], event: 'fail', to: 'active', why: 'a failed change leaves what serves serving' },
    { from: ['active', 'failed'], event: 'retire', to: 'retired', why: 'it holds no tenant, route, stream or data (I9)' },
  ],
};
