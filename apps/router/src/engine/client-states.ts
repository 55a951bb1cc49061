import type { TransitionTable } from '@lapidary/kernel/transition-table';
import { Machine } from './machine.js';

export type ClientState = 'idle' | 'head' | 'taking' | 'answering' | 'dropping' | 'lingering' | 'handed_over' | 'closed';
export type ClientEvent =
  | 'bytes'
  | 'taken'
  | 'taken_whole'
  | 'body_whole'
  | 'answered'
  | 'answered_early'
  | 'closing'
  | 'hand_over'
  | 'close';

/**
 * A client's connection on the fast path. What always holds, whatever comes in which order:
 * - C1 One exchange at a time; the next request is scanned, and decided, when the answer before it is written (pipelined
 *   bytes wait, at most one read of them, and reads stop), and not while those before it wait for the client to read.
 * - C2 Nothing is read as a request that may be part of a message before it: a refusal that leaves the framing in doubt, a
 *   body that is not whole, and a broken answer all lead to `lingering` or `closed`, and there is no way back from there.
 * - C3 Memory is bounded: one head, one replay buffer, one read of held bytes; a sink that is full stops its source.
 * - C4 Every state but `closed` and `handed_over` has a deadline.
 * - C5 A connection is handed over between messages only, with every byte that is not answered.
 * - C6 What was written is sent before its connection ends, unless nothing of it moves for the idle time, or a stop has no more time.
 */
export const clientTable: TransitionTable<ClientState, ClientEvent> = {
  name: 'client connection',
  initial: 'idle',
  states: {
    idle: 'Nothing of a request has come; closed after the keep-alive time',
    head: 'A part of a head has come; 408 after the head time',
    taking: 'The head is taken, the body is arriving; the exchange sets the deadline',
    answering: 'The request is whole, its answer is not; what comes meanwhile waits',
    dropping: 'The answer is out before the body was: the rest is read and dropped, for a while',
    lingering:
      'The last answer is written and our side closed behind it: what waits for the client is sent, and what it sends is dropped, so that it can read the answer (RFC 9112 §9.6)',
    handed_over: 'The general path has the connection',
    closed: 'Gone',
  },
  transitions: [
    { from: ['idle', 'head'], event: 'bytes', to: 'head', why: 'a head is not complete yet' },
    { from: ['idle', 'head'], event: 'taken', to: 'taking', why: 'a head is complete, and a body follows' },
    { from: ['idle', 'head'], event: 'taken_whole', to: 'answering', why: 'a head is complete, and it is the whole request' },
    { from: ['taking'], event: 'body_whole', to: 'answering', why: 'the last byte of the body has come' },
    { from: ['dropping'], event: 'body_whole', to: 'idle', why: 'the rest of an unwanted body is over; the next request may come' },
    { from: ['answering'], event: 'answered', to: 'idle', why: 'the answer is written' },
    { from: ['taking'], event: 'answered_early', to: 'dropping', why: 'the answer did not wait for the body' },
    {
      from: ['idle', 'head', 'taking', 'answering', 'dropping'],
      event: 'closing',
      to: 'lingering',
      why: 'the last answer is written: the client wanted it so, a message was ambiguous, or the router drains',
    },
    { from: ['idle', 'head'], event: 'hand_over', to: 'handed_over', why: 'a request that the fast path leaves to the general one' },
    {
      from: ['idle', 'head', 'taking', 'answering', 'dropping', 'lingering'],
      event: 'close',
      to: 'closed',
      why: 'the peer is gone, a deadline has passed, or an answer broke off',
    },
  ],
};

export const clientMachine = new Machine(clientTable);
