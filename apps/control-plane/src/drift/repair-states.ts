import { checkTransitions, nextState, type TransitionTable } from '@lapidary/kernel/transition-table';

/** A repair that has not helped so many times will not help; a person has to look (P3). */
export const roundsMax = 3;

export type RepairState = 'untried' | 'tried' | 'quarantined' | 'done';

/**
 * The repair of one finding (ADR 46). Kept: P1 a repair takes nothing away that was known here, but of what is certainly corrupt;
 * P2 nothing is taken from a peer that is not what its own digest says; P3 a repair that does not help ends.
 */
export const repairTable: TransitionTable<RepairState, 'repair' | 'give-up' | 'name' | 'look'> = {
  name: 'drift repair',
  initial: 'untried',
  states: {
    untried: 'the finding stands and nobody has repaired it',
    tried: `was repaired, fewer than ${roundsMax} times; whether it helped, the next look says`,
    quarantined: `was repaired ${roundsMax} times and still stands: critical, and no longer repaired by itself`,
    done: 'a look found its subject in order',
  },
  transitions: [
    {
      from: ['untried', 'tried'],
      event: 'repair',
      to: 'tried',
      why: 'somebody asked, or the policy says so, and not only something passing was in the way',
    },
    { from: ['tried'], event: 'give-up', to: 'quarantined', why: `it was repaired for the ${roundsMax}rd time` },
    { from: ['quarantined'], event: 'name', to: 'quarantined', why: 'a person repairs this one finding all the same' },
    { from: ['untried', 'tried', 'quarantined'], event: 'look', to: 'done', why: 'a look at its subject no longer finds it' },
  ],
};

checkTransitions(repairTable);

/** Where one more repair leaves a finding that still stands. */
export const afterRepair = (rounds: number, isQuarantined: boolean): RepairState => {
  if (isQuarantined) return nextState(repairTable, 'quarantined', 'name');
  return nextState(repairTable, rounds === 0 ? 'untried' : 'tried', rounds + 1 >= roundsMax ? 'give-up' : 'repair');
};
