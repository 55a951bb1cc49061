import type { TransitionTable } from '@lapidary/kernel/transition-table';

export type AskingLinkState = 'greeting' | 'proving' | 'open' | 'leaving' | 'closed';
export type AnsweringLinkState = 'greeting' | 'open' | 'leaving' | 'closed';
export type LinkEvent = 'hello_received' | 'ready_received' | 'goaway_sent' | 'goaway_received' | 'closed';

/** A link at the router's end, from the moment there is a connection. */
export const askingLinkTable: TransitionTable<AskingLinkState, LinkEvent> = {
  name: 'stamp link, router',
  initial: 'greeting',
  states: {
    greeting: 'Connected; waits for the agent’s HELLO',
    proving: 'Our HELLO with proof was sent; waits for READY with the agent’s proof. No request leaves before it',
    open: 'Takes requests',
    leaving: 'Takes no new requests; those under way end',
    closed: 'Nothing passes any more; what was unanswered has its verdict',
  },
  transitions: [
    { from: ['greeting'], event: 'hello_received', to: 'proving', why: 'versions and settings agree, and it is the stamp we meant' },
    { from: ['proving'], event: 'ready_received', to: 'open', why: 'the agent took our proof, and its own is right' },
    { from: ['open', 'leaving'], event: 'goaway_received', to: 'leaving', why: 'the agent drains' },
    { from: ['open', 'leaving'], event: 'goaway_sent', to: 'leaving', why: 'the router drains, or ids are used up' },
    {
      from: ['greeting', 'proving', 'open', 'leaving', 'closed'],
      event: 'closed',
      to: 'closed',
      why: 'a fault, silence, a broken connection, or the end of a drain',
    },
  ],
};

/** A link at the agent's end. */
export const answeringLinkTable: TransitionTable<AnsweringLinkState, LinkEvent> = {
  name: 'stamp link, agent',
  initial: 'greeting',
  states: {
    greeting: 'Our HELLO was sent; waits for the router’s, with its proof. Nothing else is listened to',
    open: 'Takes requests',
    leaving: 'Refuses new requests; those under way end',
    closed: 'Nothing passes any more; the workload’s exchanges are cut',
  },
  transitions: [
    { from: ['greeting'], event: 'hello_received', to: 'open', why: 'versions and settings agree, and the proof is right' },
    { from: ['open', 'leaving'], event: 'goaway_received', to: 'leaving', why: 'the router drains' },
    { from: ['open', 'leaving'], event: 'goaway_sent', to: 'leaving', why: 'the agent drains' },
    {
      from: ['greeting', 'open', 'leaving', 'closed'],
      event: 'closed',
      to: 'closed',
      why: 'a fault, silence, a broken connection, or the end of a drain',
    },
  ],
};
