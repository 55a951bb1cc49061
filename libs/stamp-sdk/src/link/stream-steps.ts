import { DenseTable } from './dense-table.js';
import type { LinkRole } from './frames.js';
import { answeringStreamTable, askingStreamTable, type StreamEvent } from './stream-states.js';

const streamEvents: readonly StreamEvent[] = [
  'interim_sent',
  'interim_received',
  'head_sent',
  'head_received',
  'data_received',
  'end_sent',
  'end_received',
  'reset_sent',
  'reset_received',
];
const event = (name: StreamEvent): number => streamEvents.indexOf(name);

/** The tables of stream-states.ts, and the numbers of their events. */
export const streamSteps: Readonly<Record<LinkRole, DenseTable<string, StreamEvent>>> = {
  router: new DenseTable<string, StreamEvent>(askingStreamTable, streamEvents),
  agent: new DenseTable<string, StreamEvent>(answeringStreamTable, streamEvents),
};

/** Their numbers of the states that are asked for by each stream; −1 where there is no such state: a router's is never done before it is over. */
export const overState: Readonly<Record<LinkRole, number>> = {
  router: streamSteps.router.state('over'),
  agent: streamSteps.agent.state('over'),
};
export const doneState: Readonly<Record<LinkRole, number>> = {
  router: streamSteps.router.state('done'),
  agent: streamSteps.agent.state('done'),
};

export const interimSent = event('interim_sent');
export const interimReceived = event('interim_received');
export const headSent = event('head_sent');
export const headReceived = event('head_received');
export const dataReceived = event('data_received');
export const endSent = event('end_sent');
export const endReceived = event('end_received');
export const resetSent = event('reset_sent');
export const resetReceived = event('reset_received');
