import type { RecoveryView } from '@lapidary/contracts/api/recovery';

/** What a restored region does and doesn't do in a state, for whoever is on call (libs/replication/src/recovery/recovery-states.ts). */
export const recoveryWords: Readonly<Record<RecoveryView['state'], string>> = {
  suspected:
    'Its database is not the one that it ran on last. It reads, routes and takes in; it writes nothing until every other region has said how far it knows its log.',
  reconciling:
    'Its database was set back. It reads, routes and takes in; it writes nothing while what the others hold of it is fetched back.',
  retelling: 'All that can be had is here again, and is told anew. It writes in a moment.',
  holding:
    'It was opened without some region. Everything is written, but no rights of bounded counters are used until that region was heard.',
  'too-old': 'The backup is older than deletes are remembered. It writes nothing until a person has it filled anew.',
};

/** What a person can do, if anything: most of it heals by itself. */
export const recoveryAct = ({ state, waitsFor }: RecoveryView): 'open' | 'reseed' | null => {
  if (state === 'too-old') return 'reseed';
  return (state === 'suspected' || state === 'reconciling') && waitsFor.length > 0 ? 'open' : null;
};
