import { checkTransitions, type TransitionTable } from '@lapidary/kernel/transition-table';

/**
 * A region as the others see it. One that is lost for good, its database with it, would be shown for ever as it was, with tenants that nobody can command.
 * A person gives it up and names a successor. What this table and the code beside it keep:
 *
 * - RG1: it is given up by a person alone, and nothing follows from it before every region that remains has agreed. None agrees that has heard it within
 *   the last ten minutes, nor before it has asked it once more. One that hears it after it knew of the decision, by a count and by no clock, objects: that decision is void in every
 *   region, for good, and another one can be made. One that has heard it before lets ten minutes of silence pass; a time in its future is one of a clock that was set back.
 * - RG2: who agrees takes nothing more of its log, in the same transaction that says how far it came; nor does anybody once all agree, whatever the epoch, and whoever returns.
 * - RG3: of several decisions about one region all agree to one at the most: nobody agrees to one above another that it knows (libs/replication/src/given-up.ts).
 * - RG4: what any of them heard of its stamps and tenants all know before the successor acts: the newest version holds.
 * - RG5: a tenant is the successor's from then on, under its claim of before (its names stay its own), with epochs beyond any that the lost region can have given (I1), and is placed there only
 *   where its residency lets it (I3).
 * - RG6: its stamps are retired, without anything being deleted: there is nobody who could.
 * - RG7: the region itself, should it come back and hear of it, writes nothing any more.
 * - RG8: what it might still have sold of bounded counters is the successor's, once, by a write in its own row, after all know what any of them heard of that row. Where something of its
 *   documents is parked or held in any of them it stays unused.
 * - RG9: what it purged and not all of them have heard is told again by who has it, in its own log.
 * - RG10: once all have agreed it is final: one that was restored to before it agreed agrees anew, whatever it hears, and no objection of its own counts.
 */
export type GivenUpState = 'present' | 'declared' | 'agreed' | 'inherited';

export const givenUpTable: TransitionTable<GivenUpState, 'declare' | 'object' | 'agree' | 'inherit'> = {
  name: 'region, as the others see it',
  initial: 'present',
  states: {
    present: 'there, or cut off; it speaks for what is its own',
    declared: 'somebody said that it is lost for good; the regions that remain are asked whether they hear it',
    agreed: 'all of them take nothing more of it, tell each other what they heard of it, and its successor takes its tenants over',
    inherited: 'its tenants are at home with its successor, its stamps are retired',
  },
  transitions: [
    {
      from: ['present'],
      event: 'declare',
      to: 'declared',
      why: 'an admin of all regions said so in one that has not heard it for ten minutes',
    },
    { from: ['declared'], event: 'object', to: 'present', why: 'a region that remains has heard it since it knew of that (RG1)' },
    {
      from: ['declared'],
      event: 'agree',
      to: 'agreed',
      why: 'every region that remains has not heard it for ten minutes, and said how far it came (RG2)',
    },
    {
      from: ['agreed'],
      event: 'inherit',
      to: 'inherited',
      why: 'the successor has taken over all of its tenants, and retired its stamps (RG5, RG6)',
    },
  ],
};

checkTransitions(givenUpTable);
