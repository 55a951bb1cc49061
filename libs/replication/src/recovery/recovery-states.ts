import { checkTransitions, type TransitionTable } from '@lapidary/kernel/transition-table';

export type RecoveryState = 'sound' | 'suspected' | 'reconciling' | 'retelling' | 'holding' | 'too-old';
export type RecoveryEvent =
  | 'suspect'
  | 'vouch'
  | 'set-back'
  | 'expire'
  | 'reseed'
  | 'reconcile'
  | 'force'
  | 'open'
  | 'open-partly'
  | 'hear-all';

/**
 * A region whose database was restored from a backup (docs/adr has the reasons). Other regions hold more of its log than it does
 * itself; whatever it wrote now would use sequence numbers, epochs and rights of counters a second time. Hence:
 *
 *   B1  while it is fenced, no event of this region is recorded but what follows from other regions' facts, and what recovery tells
 *   B2  a place (epoch, sequence) of a log is told with one content only: a new epoch begins before anything new is told, and nobody takes
 *       in more of an epoch than its origin still answers for
 *   B3  what any region that was heard holds of this one is here before the fence is lifted, and told again for those that lack it
 *   B4  epochs of placements and stamps, and the versions of their rows, never go down: neither here nor in any replica (I1, I4)
 *   B5  rights of a bounded counter are spent only after every region was heard (C3 of docs/flows/collections.md)
 *   B6  what is written after the fence is lifted has a later hybrid time than all that was ever seen of this region
 */
export const recoveryTable: TransitionTable<RecoveryState, RecoveryEvent> = {
  name: 'log of a region',
  initial: 'sound',
  states: {
    sound: 'nobody holds more of this region’s log than it does itself; it writes',
    suspected: 'fenced: its database is not the one that it ran on last; every other region is asked how far it knows its log',
    reconciling: 'fenced: its log was set back; what the other regions hold of it is fetched back, from one after the other',
    retelling: 'fenced: all that can be had is here; it is told anew, under a new epoch',
    holding: 'opened by an operator without some region: all is written, but no rights of bounded counters are spent until that was heard',
    'too-old': 'fenced: the backup is older than deletes are remembered; a person has to have it filled anew',
  },
  transitions: [
    { from: ['sound'], event: 'suspect', to: 'suspected', why: 'the database was copied, restored or promoted since the last start' },
    { from: ['suspected'], event: 'vouch', to: 'sound', why: 'every other region has said that it knows no more of the log than is here' },
    {
      from: ['sound', 'suspected', 'retelling', 'holding'],
      event: 'set-back',
      to: 'reconciling',
      why: 'another region or the event stream holds more of this region’s log, or something else at one of its places',
    },
    { from: ['reconciling'], event: 'expire', to: 'too-old', why: 'tombstones may be purged that the backup does not have' },
    { from: ['too-old'], event: 'reseed', to: 'reconciling', why: 'an operator has given up what documents the backup holds' },
    { from: ['reconciling'], event: 'reconcile', to: 'retelling', why: 'every other region was heard' },
    { from: ['suspected', 'reconciling'], event: 'force', to: 'retelling', why: 'an operator goes on without regions that can’t be heard' },
    { from: ['retelling'], event: 'open', to: 'sound', why: 'the new epoch has begun; every region was heard' },
    { from: ['retelling'], event: 'open-partly', to: 'holding', why: 'the new epoch has begun, without some region' },
    { from: ['holding'], event: 'hear-all', to: 'sound', why: 'what the missing regions hold is here, too' },
  ],
};

checkTransitions(recoveryTable);

/**
 * What follows where the database is not the one that it ran on last; null: nothing, it is fenced already. One that was opened in part, or had heard
 * everybody, may have been written on since the backup was made: whoever it had heard is asked anew.
 */
export const startedElsewhere = (state: RecoveryState): RecoveryEvent | null => {
  if (state === 'sound') return 'suspect';
  return state === 'retelling' || state === 'holding' ? 'set-back' : null;
};

/** Whether the region records nothing of its own (B1). */
export const isFenced = (state: RecoveryState): boolean => state !== 'sound' && state !== 'holding';

/** Whether rights of bounded counters may be spent and given (B5). */
export const maySpendRights = (state: RecoveryState): boolean => state === 'sound';
