import { checkTransitions, type TransitionTable } from '@lapidary/kernel/transition-table';

/** No transition. */
const none = 0xff;

/**
 * A transition table as one array of bytes, for machines that step some hundred thousand times a second: states and
 * events are small numbers, a step is one look-up. Illegal steps are values, since a peer's mistake is no exception.
 */
export class DenseTable<State extends string, Event extends string> {
  private readonly next: Uint8Array;
  private readonly stateNames: readonly State[];
  private readonly eventNames: readonly Event[];
  private readonly numbers: Readonly<Record<string, number>>;

  constructor(table: TransitionTable<State, Event>, events: readonly Event[]) {
    checkTransitions(table);
    this.stateNames = Object.keys(table.states) as State[];
    this.eventNames = events;
    this.numbers = Object.fromEntries(this.stateNames.map((name, number) => [name, number]));
    this.next = new Uint8Array(this.stateNames.length * events.length).fill(none);
    for (const { from, event, to } of table.transitions)
      for (const state of from) this.next[this.state(state) * events.length + this.event(event)] = this.state(to);
  }

  /** −1: there is no such state. */
  state(name: State): number {
    return this.numbers[name] ?? -1;
  }

  event(name: Event): number {
    return this.eventNames.indexOf(name);
  }

  nameOf(state: number): State {
    return this.stateNames[state]!;
  }

  /** The next state, or −1 where the event isn't possible in this one. */
  step(state: number, event: number): number {
    const to = this.next[state * this.eventNames.length + event]!;
    return to === none ? -1 : to;
  }
}
