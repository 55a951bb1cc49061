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

  it('I9: only a stamp that is retiring is buried, any is lost with its region, only one at rest begins to retire, and nothing brings a retired one back', () => {
    const into = (to: string) => stampTransitions.transitions.filter((t) => t.to === to);
    expect(new Map(into('retired').map((t) => [t.event, t.from]))).toEqual(
      new Map([
        ['bury', ['retiring']],
        ['lose', ['provisioning', 'active', 'failed', 'retiring']],
      ]),
    );
    expect(new Set(into('retiring').flatMap((t) => t.from))).toEqual(new Set(['active', 'failed', 'retiring']));
    expect(stampTransitions.transitions.filter((t) => t.from.includes('retired'))).toEqual([]);
    expect(() => nextState(stampTransitions, 'provisioning', 'retire')).toThrow('is not possible');
    expect(() => nextState(stampTransitions, 'retiring', 'activate')).toThrow('while the stamp is retiring');
  });

  it.each(['place', 'suspend', 'resume', 'requeue', 'delete'] as const)('a deleted tenant never changes: %s is refused', (event) => {
    expect(() => nextState(tenantTransitions, 'deleted', event)).toThrow('while the tenant is deleted');
  });
});
