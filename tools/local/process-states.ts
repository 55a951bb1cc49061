import { checkTransitions, type TransitionTable } from '@lapidary/kernel/transition-table';

export type ProcessState = 'idle' | 'starting' | 'ready' | 'backing-off' | 'stopping';
export type ProcessEvent = 'launch' | 'answered' | 'exited' | 'stop' | 'ended';

/** One supervised process on this machine. */
export const processStates: TransitionTable<ProcessState, ProcessEvent> = {
  name: 'process',
  initial: 'idle',
  states: {
    idle: 'Not running, and not meant to',
    starting: 'Runs, does not answer yet',
    ready: 'Answered its readiness check',
    'backing-off': 'Ended by itself; is started again after a pause',
    stopping: 'Was asked to end',
  },
  transitions: [
    { from: ['idle', 'backing-off'], event: 'launch', to: 'starting', why: 'wanted, or the pause is over' },
    { from: ['starting'], event: 'answered', to: 'ready', why: 'the readiness check said yes' },
    { from: ['starting', 'ready'], event: 'exited', to: 'backing-off', why: 'it ended though nobody asked' },
    { from: ['starting', 'ready'], event: 'stop', to: 'stopping', why: 'no longer wanted' },
    { from: ['backing-off', 'idle'], event: 'stop', to: 'idle', why: 'no longer wanted, and nothing runs' },
    { from: ['stopping'], event: 'ended', to: 'idle', why: 'it ended as asked' },
  ],
};

checkTransitions(processStates);
