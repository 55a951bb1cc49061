import { checkTransitions } from '@lapidary/kernel/transition-table';
import { clientTable } from './client-states.js';
import { move, movesOf } from './machine.js';
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

  it('a move that is not in the table is refused', () => {
    const moves = movesOf(clientTable);
    expect(move(moves, clientTable, 'idle', 'taken')).toBe('taking');
    expect(() => move(moves, clientTable, 'lingering', 'taken')).toThrow(/not possible/);
  });
});
