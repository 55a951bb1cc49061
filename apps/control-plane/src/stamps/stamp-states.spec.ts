import { checkTransitions, nextState } from '@lapidary/kernel/transition-table';
import { tenantTransitions } from '../tenants/tenant-states.js';
import { stampTransitions } from './stamp-states.js';

describe('status tables', () => {
  it('are complete and reachable', () => {
    expect(() => checkTransitions(stampTransitions)).not.toThrow();
    expect(() => checkTransitions(tenantTransitions)).not.toThrow();
  });

  it('a failed change leaves a serving stamp serving', () => {
    expect(nextState(stampTransitions, 'active', 'fail')).toBe('active');
    expect(nextState(stampTransitions, 'active', 'declare')).toBe('active');
  });

  it.each(['provisioning', 'active', 'failed', 'retired'] as const)(
    'I9: nothing brings a retired stamp back, and %s retires only from rest',
    (from) => {
      const allowed = from === 'active' || from === 'failed';
      if (allowed) expect(nextState(stampTransitions, from, 'retire')).toBe('retired');
      else expect(() => nextState(stampTransitions, from, 'retire')).toThrow('is not possible');
      expect(() => nextState(stampTransitions, 'retired', 'activate')).toThrow('while the stamp is retired');
    },
  );

  it.each(['place', 'suspend', 'resume', 'delete'] as const)('a deleted tenant never changes: %s is refused', (event) => {
    expect(() => nextState(tenantTransitions, 'deleted', event)).toThrow('while the tenant is deleted');
  });
});
