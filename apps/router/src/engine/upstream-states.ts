import type { TransitionTable } from '@lapidary/kernel/transition-table';

export type UpstreamState = 'connecting' | 'idle' | 'waiting' | 'answering' | 'unwanted' | 'closed';
export type UpstreamEvent = 'connected' | 'send' | 'head' | 'done' | 'cancel_quietly' | 'close';

/**
 * A pooled HTTP/1.1 connection to a front door. What always holds:
 * - U1 One request at a time; never pipelined (a framing disagreement would hand one client's answer to another).
 * - U2 It goes back to the pool only if the whole request went out, the answer was whole, framed, and kept the connection,
 *   and not one byte came behind it. Everything else closes it.
 * - U3 A byte that comes while it is idle closes it.
 * - U4 Failures are told once: "unreachable" while connecting, "no_answer" until a head, "cut" behind it.
 * - U5 Every state has a deadline, here or at the exchange.
 */
export const upstreamTable: TransitionTable<UpstreamState, UpstreamEvent> = {
  name: 'upstream connection',
  initial: 'connecting',
  states: {
    connecting: 'Made for a request that waits; unreachable after the connect time',
    idle: 'In the pool; closed after the idle time, before the other side would',
    waiting: 'A request is going out or out; its answer has not begun',
    answering: 'The answer is coming',
    unwanted: 'The rest of an answer that nobody wants is dropped, a little of it, so that the connection is kept',
    closed: 'Gone, and in no pool',
  },
  transitions: [
    { from: ['connecting'], event: 'connected', to: 'waiting', why: 'its first request goes out at once' },
    { from: ['idle'], event: 'send', to: 'waiting', why: 'a request takes it from the pool' },
    { from: ['waiting'], event: 'head', to: 'answering', why: 'a final answer has begun' },
    {
      from: ['answering', 'unwanted'],
      event: 'done',
      to: 'idle',
      why: 'the answer is whole, and nothing speaks against using it again (U2)',
    },
    { from: ['answering'], event: 'cancel_quietly', to: 'unwanted', why: 'the engine answers otherwise' },
    {
      from: ['connecting', 'idle', 'waiting', 'answering', 'unwanted'],
      event: 'close',
      to: 'closed',
      why: 'an end, an error, a deadline, a cancelled message, or anything ambiguous',
    },
  ],
};
