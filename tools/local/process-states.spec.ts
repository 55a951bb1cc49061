import { nextState } from '@lapidary/kernel/transition-table';
import { processStates, type ProcessEvent, type ProcessState } from './process-states.js';

const follow = (...events: ProcessEvent[]): ProcessState =>
  events.reduce<ProcessState>((state, event) => nextState(processStates, state, event), processStates.initial);

describe('states of a supervised process', () => {
  test('a crash leads to a pause and a new start, whether it had answered or not', () => {
    expect(follow('launch', 'exited')).toBe('backing-off');
    expect(follow('launch', 'answered', 'exited')).toBe('backing-off');
    expect(follow('launch', 'exited', 'launch', 'answered')).toBe('ready');
  });

  test('what was asked to stop ends idle and is not started again', () => {
    expect(follow('launch', 'answered', 'stop', 'ended')).toBe('idle');
    expect(follow('launch', 'exited', 'stop')).toBe('idle');
    expect(() => follow('launch', 'answered', 'stop', 'launch')).toThrow();
  });

  test('a process that is stopping can no longer become ready', () => {
    expect(() => follow('launch', 'stop', 'answered')).toThrow();
  });
});
