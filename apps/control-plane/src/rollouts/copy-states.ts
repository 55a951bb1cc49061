import { checkTransitions, type TransitionTable } from '@lapidary/kernel/transition-table';

/**
 * A roll-out of another region, as each region keeps it. A region that is lost with its roll-out under way would keep every stamp that it holds from
 * new tenants, and any other roll-out from beginning, for good. What this table and the code beside it keep:
 *
 * - GU1: it is given up by a person alone, and only where the region that coordinates it doesn't answer; never where it is one's own. Or with that region, which a person gave up as lost
 *   for good.
 * - GU2: no stamp takes a hold for it any more, in any region that knows.
 * - GU3: what it holds is let go in each region by that region, whatever became of the stamp.
 * - GU4: it keeps no other roll-out from beginning, makes none give way, and gives no new stamp its version.
 * - GU5: it stays given up, whatever is told later of it; only its end is news.
 * - GU6: the region that coordinates it, back, ends it, wherever it stood, before it asks for anything more.
 */
export type CopyStatus = 'open' | 'given_up' | 'ended';

export const copyTable: TransitionTable<CopyStatus, 'give_up' | 'end'> = {
  name: 'roll-out of another region',
  initial: 'open',
  states: {
    open: 'under way, as its region told last',
    given_up: 'its region could not be heard; it holds nothing and stands in nobody’s way',
    ended: 'its region told its end',
  },
  transitions: [
    { from: ['open'], event: 'give_up', to: 'given_up', why: 'somebody said so in a region that can’t hear the one that coordinates it' },
    { from: ['open', 'given_up'], event: 'end', to: 'ended', why: 'its region told so, also that it was given up' },
  ],
};

checkTransitions(copyTable);
