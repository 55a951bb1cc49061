import { nextState } from '@lapidary/kernel/transition-table';
import { isFenced, maySpendRights, recoveryTable, type RecoveryState } from './recovery-states.js';

const states = Object.keys(recoveryTable.states) as RecoveryState[];
const leadingTo = (to: RecoveryState) => recoveryTable.transitions.filter((t) => t.to === to);

describe('the log of a region', () => {
  it('is fenced in every state but the two in which it writes (B1)', () => {
    expect(states.filter((s) => !isFenced(s))).toEqual(['sound', 'holding']);
  });

  it('spends rights of counters only where every region was heard (B5)', () => {
    expect(states.filter(maySpendRights)).toEqual(['sound']);
    expect(leadingTo('sound').map((t) => [t.event, t.from])).toEqual([
      ['vouch', ['suspected']],
      ['open', ['retelling']],
      ['hear-all', ['holding']],
    ]);
  });

  it('leaves a proven set-back only by telling anew under a new epoch (B2), and never by being vouched for', () => {
    const leaving = recoveryTable.transitions.filter((t) => t.from.includes('reconciling')).map((t) => t.to);
    expect([...new Set(leaving)].sort()).toEqual(['retelling', 'too-old']);
    expect(() => nextState(recoveryTable, 'reconciling', 'vouch')).toThrow(/not possible/);
    expect(leadingTo('retelling').flatMap((t) => t.from)).not.toContain('too-old');
  });

  it('is fenced from wherever a set-back is noticed, also while it is opening or opened in part', () => {
    for (const from of ['sound', 'suspected', 'retelling', 'holding'] as const)
      expect(isFenced(nextState(recoveryTable, from, 'set-back'))).toBe(true);
  });

  it('of a backup that is too old waits for a person and for nothing else', () => {
    expect(recoveryTable.transitions.filter((t) => t.from.includes('too-old')).map((t) => t.event)).toEqual(['reseed']);
  });
});
