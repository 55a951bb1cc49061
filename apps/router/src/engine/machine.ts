import { nextState, type TransitionTable } from '@lapidary/kernel/transition-table';

/** Where every legal move leads, as nested records: a look-up instead of a search. */
export type Moves<S extends string, E extends string> = Readonly<Record<S, Readonly<Partial<Record<E, S>>>>>;

export const movesOf = <S extends string, E extends string>(table: TransitionTable<S, E>): Moves<S, E> => {
  const moves: Record<string, Record<string, S>> = {};
  for (const state of Object.keys(table.states)) moves[state] = {};
  for (const { from, event, to } of table.transitions) for (const state of from) moves[state]![event] = to;
  return moves as Moves<S, E>;
};

/** The next state by the moves; throws illegal_transition as nextState does. */
export const move = <S extends string, E extends string>(moves: Moves<S, E>, table: TransitionTable<S, E>, from: S, event: E): S =>
  moves[from][event] ?? nextState(table, from, event);
