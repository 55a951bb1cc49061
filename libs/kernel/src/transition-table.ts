import { AppError } from './app-error.js';

/**
 * A status field as data: which event leads from which state to which. The state diagrams in
 * docs/reference/states.md are generated from these tables, and checkTransitions runs at start.
 */
export interface TransitionTable<State extends string, Event extends string> {
  readonly name: string;
  readonly initial: State;
  readonly states: Readonly<Record<State, string>>;
  readonly transitions: readonly { readonly from: readonly State[]; readonly event: Event; readonly to: State; readonly why: string }[];
}

/** The state that `event` leads to, or illegal_transition with what would have been possible. */
export const nextState = <State extends string, Event extends string>(
  table: TransitionTable<State, Event>,
  from: State,
  event: Event,
): State => {
  const match = table.transitions.find((t) => t.event === event && t.from.includes(from));
  if (match) return match.to;
  const possible = table.transitions.filter((t) => t.from.includes(from)).map((t) => t.event);
  throw new AppError('illegal_transition', `"${event}" is not possible while the ${table.name} is ${from}`, {
    details: { from, event, possible },
  });
};

/** Every state is described and reachable, and no (state, event) pair leads to two places. Throws at start otherwise. */
export const checkTransitions = <State extends string, Event extends string>(table: TransitionTable<State, Event>): void => {
  const seen = new Set<string>();
  const reachable = new Set<string>([table.initial]);
  for (const { from, event, to } of table.transitions) {
    reachable.add(to);
    for (const state of from) {
      const key = `${state} ${event}`;
      if (seen.has(key)) throw new Error(`${table.name}: two transitions for "${event}" from ${state}`);
      seen.add(key);
      if (!Object.hasOwn(table.states, state)) throw new Error(`${table.name}: unknown state ${state}`);
    }
    if (!Object.hasOwn(table.states, to)) throw new Error(`${table.name}: unknown state ${to}`);
  }
  for (const state of Object.keys(table.states)) if (!reachable.has(state)) throw new Error(`${table.name}: ${state} can't be reached`);
};
