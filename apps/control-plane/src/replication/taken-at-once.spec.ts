import type { IncomingEvent } from '@lapidary/replication/read-events';
import { takenAtOnce } from './taken-at-once.js';

const change = (sequence: number, kind: string): IncomingEvent =>
  ({ ok: true, epoch: 1, sequence, event: { type: 'lapidary.document.changed.v1', data: { kind } } }) as unknown as IncomingEvent;
const malformed = (sequence: number): IncomingEvent => ({ ok: false, epoch: 1, sequence, raw: null, error: 'none' });

const many = (count: number, of: (sequence: number) => IncomingEvent): IncomingEvent[] =>
  Array.from({ length: count }, (_, i) => of(i + 1));
const lengths = (events: readonly IncomingEvent[]): number[] => takenAtOnce(events).map((run) => run.length);

it('takes in twice as many changes of fields in a transaction as of anything else', () => {
  expect(lengths(many(1_001, (n) => change(n, 'lww')))).toEqual([500, 500, 1]);
  expect(lengths(many(501, (n) => change(n, 'document')))).toEqual([250, 250, 1]);
  expect(lengths(many(251, malformed))).toEqual([250, 1]);
  expect(lengths([])).toEqual([]);
});

it('keeps events in their order, whatever they are', () => {
  const mixed = many(900, (n) => (n % 3 === 0 ? malformed(n) : change(n, n % 2 === 0 ? 'lww' : 'counter')));
  expect(takenAtOnce(mixed).flat()).toEqual(mixed);
});
