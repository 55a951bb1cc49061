import fc from 'fast-check';
import { decide, nothingRead, planBackfill, planRun, type Position } from './version-vector.js';

interface Event extends Position {
  readonly key: string;
  readonly value: number;
}
const positionOf = (e: Event): Position => e;

/** An origin's log: whole-state events of a few keys. */
const logArb = fc
  .array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), value: fc.nat(99) }), { minLength: 1, maxLength: 40 })
  .map((entries) => entries.map((e, i): Event => ({ ...e, epoch: 1, sequence: i + 1 })));

const stateOf = (events: readonly Event[]): Record<string, number> => Object.fromEntries(events.map((e) => [e.key, e.value]));

/** A reader that meets gaps with back-fills from the origin's (possibly pruned) log. */
class Reader {
  at: Position = { epoch: 1, sequence: 0 };
  state: Record<string, number> = {};
  applied: number[] = [];

  constructor(private readonly log: readonly Event[]) {}

  receive(events: readonly Event[]): void {
    let run = planRun(this.at, events, positionOf);
    for (;;) {
      this.take(run.apply, run.at);
      if (run.stopped?.by.kind !== 'gap') return;
      const { from, to } = run.stopped.by;
      const fill = planBackfill(
        this.at,
        this.log.filter((e) => e.sequence >= from && e.sequence <= to),
        positionOf,
        { epoch: run.at.epoch, from, through: to },
      );
      this.take(fill.apply, fill.at);
      run = planRun(this.at, run.stopped.rest, positionOf);
    }
  }

  private take(events: readonly Event[], at: Position): void {
    for (const e of events) this.state[e.key] = e.value;
    this.applied.push(...events.map((e) => e.sequence));
    this.at = at;
  }
}

const deliveriesArb = (log: readonly Event[]) =>
  fc.array(
    fc.tuple(fc.nat(log.length - 1), fc.integer({ min: 1, max: 6 })).map(([start, n]) => log.slice(start, start + n)),
    { maxLength: 30 },
  );

describe('the version vector', () => {
  it('leads every reader to the same state, whatever order, duplication and loss (I6)', () => {
    fc.assert(
      fc.property(
        logArb.chain((log) => fc.tuple(fc.constant(log), deliveriesArb(log))),
        ([log, deliveries]) => {
          const reader = new Reader(log);
          for (const events of deliveries) reader.receive(events);
          reader.receive(log.slice(-1));
          expect(reader.state).toEqual(stateOf(log));
          expect(reader.at).toEqual({ epoch: 1, sequence: log.length });
        },
      ),
    );
  });

  it('applies each event at most once and in the order of the origin (I5)', () => {
    fc.assert(
      fc.property(
        logArb.chain((log) => fc.tuple(fc.constant(log), deliveriesArb(log))),
        ([log, deliveries]) => {
          const reader = new Reader(log);
          for (const events of deliveries) {
            reader.receive(events);
            expect(reader.applied).toEqual(Array.from({ length: reader.at.sequence }, (_, i) => i + 1));
          }
        },
      ),
    );
  });

  it('reaches the same state from a log that retention has thinned out', () => {
    fc.assert(
      fc.property(logArb, (log) => {
        const kept = log.filter((e) => !log.some((later) => later.key === e.key && later.sequence > e.sequence));
        const reader = new Reader(kept);
        reader.receive(log.slice(-1));
        expect(reader.state).toEqual(stateOf(log));
      }),
    );
  });

  it('names the exact range that is missing', () => {
    expect(decide({ epoch: 1, sequence: 4 }, { epoch: 1, sequence: 9 })).toEqual({ kind: 'gap', from: 5, to: 8 });
    expect(decide({ epoch: 1, sequence: 4 }, { epoch: 1, sequence: 5 })).toEqual({ kind: 'apply' });
    expect(decide({ epoch: 1, sequence: 4 }, { epoch: 1, sequence: 4 })).toEqual({ kind: 'skip', reason: 'duplicate' });
  });

  it('takes nothing from a database that has been replaced, and stops at a new one', () => {
    expect(decide({ epoch: 2, sequence: 4 }, { epoch: 1, sequence: 5 })).toEqual({ kind: 'skip', reason: 'older-epoch' });
    expect(decide({ epoch: 2, sequence: 4 }, { epoch: 3, sequence: 5 })).toEqual({ kind: 'newer-epoch', epoch: 3 });
    expect(decide(nothingRead, { epoch: 1, sequence: 1 })).toEqual({ kind: 'newer-epoch', epoch: 1 });
  });
});
