import { checkTransitions, type TransitionTable } from '@lapidary/kernel/transition-table';

export type StreamTrust = 'unknown' | 'unread' | 'read' | 'foreign';
export type StreamTrustEvent = 'own' | 'other' | 'look' | 'strange' | 'due' | 'rebuild' | 'doubt';

/**
 * What the publisher of a region's directory knows of its stream.
 *
 *   D1  nothing is published into a stream of which was not asked, since it was last in doubt, which database it is of
 *   D2  a change waits for that one question, never for the stream to be read: a million entries take more than half a minute
 *   D3  what the stream has lost, or has as it was before, is published again after the look that finds it
 *   D4  a stream that holds what this database never gave is taken away before anything else goes into it, and filled anew
 *
 * To publish before the stream was read does no harm: a newer entry takes the place of whatever the stream has of its key, and readers pass an
 * older cursor over.
 */
export const streamTrustTable: TransitionTable<StreamTrust, StreamTrustEvent> = {
  name: 'stream of the directory',
  initial: 'unknown',
  states: {
    unknown: 'it may be another one, or none; nothing is published',
    unread: 'it is of this database; changes are published, and beside it is read what the stream holds',
    read: 'it held what was published when it was last looked at, or what it lacked is being published again',
    foreign: 'there is none, or it holds what this database never gave; nothing is published',
  },
  transitions: [
    { from: ['unknown'], event: 'own', to: 'unread', why: 'it names this database' },
    { from: ['unknown'], event: 'other', to: 'foreign', why: 'there is none, or it names another database: this one was restored' },
    { from: ['unread'], event: 'look', to: 'read', why: 'all of it was read; what it lacks is to be published again' },
    {
      from: ['unread'],
      event: 'strange',
      to: 'foreign',
      why: 'it was read, and has keys or cursors that this database never gave, or was taken away',
    },
    { from: ['read'], event: 'due', to: 'unread', why: 'some time has passed' },
    { from: ['foreign'], event: 'rebuild', to: 'read', why: 'it was made anew, and everything is to be published' },
    {
      from: ['unknown', 'unread', 'read', 'foreign'],
      event: 'doubt',
      to: 'unknown',
      why: 'a new leader, a new connection, a publication that failed, or a database that was set back',
    },
  ],
};

checkTransitions(streamTrustTable);
