import { nextState, type TransitionTable } from '@lapidary/kernel/transition-table';
import { DenseTable } from '@lapidary/stamp-sdk/link/dense-table';

type Numbers<Name extends string> = Readonly<Record<Name, number>>;

/**
 * A transition table whose states and events are numbers, for what steps several times for each request: by their names each step would be two
 * look-ups of text, which were 4 in 100 parts of the engine's own work.
 */
export class Machine<State extends string, Event extends string> {
  readonly is: Numbers<State>;
  readonly on: Numbers<Event>;
  readonly initial: number;
  private readonly steps: DenseTable<State, Event>;
  private readonly events: readonly Event[];

  constructor(private readonly table: TransitionTable<State, Event>) {
    this.events = [...new Set(table.transitions.map(({ event }) => event))];
    this.steps = new DenseTable(table, this.events);
    const states = Object.keys(table.states) as State[];
    this.is = Object.fromEntries(states.map((name) => [name, this.steps.state(name)])) as Numbers<State>;
    this.on = Object.fromEntries(this.events.map((name, number) => [name, number])) as Numbers<Event>;
    this.initial = this.is[table.initial];
  }

  /** The next state; throws illegal_transition as nextState does. */
  step(from: number, event: number): number {
    const to = this.steps.step(from, event);
    return to < 0 ? this.is[nextState(this.table, this.steps.nameOf(from), this.events[event]!)] : to;
  }
}
