import { checkTransitions, nextState, type TransitionTable } from './transition-table.js';

type State = 'open' | 'shut';
type Event = 'close' | 'reopen';
const door: TransitionTable<State, Event> = {
  name: 'door',
  initial: 'open',
  states: { open: 'People walk through', shut: 'Nobody does' },
  transitions: [
    { from: ['open'], event: 'close', to: 'shut', why: 'somebody pushed' },
    { from: ['shut'], event: 'reopen', to: 'open', why: 'somebody pulled' },
  ],
};

test('an event leads to the state in the table', () => expect(nextState(door, 'open', 'close')).toBe('shut'));

test('an impossible event says what is possible', () => {
  expect(() => nextState(door, 'open', 'reopen')).toThrow(
    expect.objectContaining({ code: 'illegal_transition', details: { from: 'open', event: 'reopen', possible: ['close'] } }),
  );
});

test('a sound table passes the check at start', () => expect(() => checkTransitions(door)).not.toThrow());

test('an ambiguous, unreachable or unknown state fails the check at start', () => {
  expect(() =>
    checkTransitions({ ...door, transitions: [...door.transitions, { from: ['open'], event: 'close', to: 'open', why: '' }] }),
  ).toThrow(/two transitions/);
  expect(() => checkTransitions({ ...door, transitions: [] })).toThrow(/shut can't be reached/);
  expect(() => checkTransitions({ ...door, transitions: [{ from: ['open'], event: 'close', to: 'ajar' as State, why: '' }] })).toThrow(
    /unknown state/,
  );
});
