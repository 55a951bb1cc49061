import { checkTransitions } from '@lapidary/kernel/transition-table';
import { clientTable } from './client-states.js';
import { Machine } from './machine.js';
import { upstreamTable } from './upstream-states.js';

describe('the tables of the engine', () => {
  it('are whole', () => {
    checkTransitions(clientTable);
    checkTransitions(upstreamTable);
  });

  it('a connection that lingers is read from no more (C2), and one that was handed over is not ours (C5)', () => {
    const from = (state: string): string[] =>
      clientTable.transitions.filter((t) => (t.from as readonly string[]).includes(state)).map((t) => t.to);
    expect(new Set(from('lingering'))).toEqual(new Set(['closed']));
    expect(from('handed_over')).toEqual([]);
    expect(from('closed')).toEqual([]);
  });

  it('a used upstream connection gets back to the pool from a whole answer only (U2)', () => {
    const toIdle = upstreamTable.transitions.filter((t) => t.to === 'idle').flatMap((t) => t.from);
    expect(new Set(toIdle)).toEqual(new Set(['answering', 'unwanted']));
  });

  it('a machine goes where its table says, and a move that is not in it is refused', () => {
    const machine = new Machine(clientTable);
    const { is, on } = machine;
    expect(machine.initial).toBe(is.idle);
    for (const { from, event, to } of clientTable.transitions)
      for (const state of from) expect(machine.step(is[state], on[event])).toBe(is[to]);
    expect(() => machine.step(is.lingering, on.taken)).toThrow(/not possible/);
  });
});
