import type { tenantStatuses } from '@lapidary/contracts/api/tenants';
import type { TransitionTable } from '@lapidary/kernel/transition-table';

export type TenantStatus = (typeof tenantStatuses)[number];
export type TenantEvent = 'place' | 'suspend' | 'resume' | 'requeue' | 'delete' | 'inherit';

export const tenantTransitions: TransitionTable<TenantStatus, TenantEvent> = {
  name: 'tenant',
  initial: 'pending',
  states: {
    pending: 'Waits for room; placed by itself when there is some',
    placed: 'Has a stamp that holds its units',
    suspended: 'Kept, but not served; for example after a conflict over its name',
    deleted: 'Gone; its id is never given out again',
  },
  transitions: [
    { from: ['pending'], event: 'place', to: 'placed', why: 'a stamp had room and the units were reserved' },
    { from: ['pending', 'placed'], event: 'suspend', to: 'suspended', why: 'a person or the conflict rule said so' },
    {
      from: ['suspended'],
      event: 'resume',
      to: 'placed',
      why: 'the reason is gone; its stamp kept its units and its data, and serves it at a new epoch',
    },
    { from: ['suspended'], event: 'requeue', to: 'pending', why: 'the reason is gone, and it had no stamp' },
    {
      from: ['pending', 'placed'],
      event: 'inherit',
      to: 'pending',
      why: 'its home region was given up, and its stamp with it; its successor places it anew',
    },
    { from: ['suspended'], event: 'inherit', to: 'suspended', why: 'its home region was given up; it waits with its successor' },
    { from: ['deleted'], event: 'inherit', to: 'deleted', why: 'its home region was given up; its id stays taken' },
    { from: ['pending', 'placed', 'suspended'], event: 'delete', to: 'deleted', why: 'a person said so' },
  ],
};
