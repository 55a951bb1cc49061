import type { TransitionTable } from '@lapidary/kernel/transition-table';

/** What can happen to a stream, as the end sees it that keeps the state. */
export type StreamEvent =
  | 'interim_sent'
  | 'interim_received'
  | 'head_sent'
  | 'head_received'
  | 'data_received'
  | 'end_sent'
  | 'end_received'
  | 'reset_sent'
  | 'reset_received';

export type AskingState = 'asking' | 'asked' | 'talking' | 'hearing' | 'given_up' | 'over';
export type AnsweringState = 'taking' | 'taken' | 'speaking' | 'answering' | 'done' | 'over';

/**
 * A stream at the router's end. Every stream sees exactly one last frame in each direction (END or RESET), and is over
 * when both have passed: no id is looked for in vain, none is kept for good, and a cancelled request keeps its place
 * until the agent has said that it is over.
 */
export const askingStreamTable: TransitionTable<AskingState, StreamEvent> = {
  name: 'link stream, router',
  initial: 'asking',
  states: {
    asking: 'The head has been sent, the body is being sent; no answer yet',
    asked: 'The whole request has been sent; no answer yet',
    talking: 'The body is still being sent, and the answer has begun',
    hearing: 'The whole request has been sent, and the answer has begun',
    given_up: 'RESET was sent: what still comes is dropped, until the agent’s last frame',
    over: 'Both ends have sent their last frame; the id is never used again',
  },
  transitions: [
    { from: ['asking'], event: 'end_sent', to: 'asked', why: 'the client’s body is complete' },
    { from: ['talking'], event: 'end_sent', to: 'hearing', why: 'the client’s body is complete' },
    { from: ['asking'], event: 'interim_received', to: 'asking', why: 'an answer that is not the last' },
    { from: ['asked'], event: 'interim_received', to: 'asked', why: 'an answer that is not the last' },
    { from: ['asking'], event: 'head_received', to: 'talking', why: 'the agent answers before it has the whole request' },
    { from: ['asked'], event: 'head_received', to: 'hearing', why: 'the answer begins' },
    { from: ['talking'], event: 'data_received', to: 'talking', why: 'bytes of the answer' },
    { from: ['hearing'], event: 'data_received', to: 'hearing', why: 'bytes of the answer' },
    { from: ['talking', 'hearing'], event: 'end_received', to: 'over', why: 'the answer is whole; an unfinished body is ended by RESET' },
    {
      from: ['asking', 'asked', 'talking', 'hearing'],
      event: 'reset_received',
      to: 'over',
      why: 'the agent could not go on, or never began (refused)',
    },
    {
      from: ['asking', 'asked', 'talking', 'hearing'],
      event: 'reset_sent',
      to: 'given_up',
      why: 'the client went away, or its time was up',
    },
    { from: ['given_up'], event: 'interim_received', to: 'given_up', why: 'crossed with our RESET' },
    { from: ['given_up'], event: 'head_received', to: 'given_up', why: 'crossed with our RESET' },
    { from: ['given_up'], event: 'data_received', to: 'given_up', why: 'crossed with our RESET' },
    { from: ['given_up'], event: 'end_received', to: 'over', why: 'crossed with our RESET' },
    { from: ['given_up'], event: 'reset_received', to: 'over', why: 'the agent has stopped working on it' },
  ],
};

/** The same stream at the agent's end. */
export const answeringStreamTable: TransitionTable<AnsweringState, StreamEvent> = {
  name: 'link stream, agent',
  initial: 'taking',
  states: {
    taking: 'The head has come, the body is coming; no answer yet',
    taken: 'The whole request has come; no answer yet',
    speaking: 'The body is still coming, and the answer has begun',
    answering: 'The whole request has come, and the answer has begun',
    done: 'Our last frame was sent: what still comes of the body is dropped, until the router’s last frame',
    over: 'Both ends have sent their last frame',
  },
  transitions: [
    { from: ['taking'], event: 'data_received', to: 'taking', why: 'bytes of the body' },
    { from: ['speaking'], event: 'data_received', to: 'speaking', why: 'bytes of the body' },
    { from: ['done'], event: 'data_received', to: 'done', why: 'crossed with our last frame' },
    { from: ['taking'], event: 'end_received', to: 'taken', why: 'the body is complete' },
    { from: ['speaking'], event: 'end_received', to: 'answering', why: 'the body is complete' },
    { from: ['done'], event: 'end_received', to: 'over', why: 'the router has nothing more to say' },
    { from: ['taking'], event: 'interim_sent', to: 'taking', why: 'an answer that is not the last' },
    { from: ['taken'], event: 'interim_sent', to: 'taken', why: 'an answer that is not the last' },
    { from: ['taking'], event: 'head_sent', to: 'speaking', why: 'the workload answers before it has the whole request' },
    { from: ['taken'], event: 'head_sent', to: 'answering', why: 'the answer begins' },
    { from: ['speaking'], event: 'end_sent', to: 'done', why: 'the answer is whole, the request is not' },
    { from: ['answering'], event: 'end_sent', to: 'over', why: 'the answer is whole' },
    { from: ['taking', 'speaking'], event: 'reset_sent', to: 'done', why: 'refused, or the workload broke off' },
    { from: ['taken', 'answering'], event: 'reset_sent', to: 'over', why: 'refused, or the workload broke off' },
    {
      from: ['taking', 'taken', 'speaking', 'answering', 'done'],
      event: 'reset_received',
      to: 'over',
      why: 'the router gave up; where we have not sent our last frame, RESET is it',
    },
  ],
};
