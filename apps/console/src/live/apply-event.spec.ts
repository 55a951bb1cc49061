import fc from 'fast-check';
import type { LiveEvent } from '@lapidary/contracts/api/system';
import { aJob, aStamp, aTenant } from '@lapidary/testing/fleet-fixtures';
import { patchOf } from './apply-event.js';

const event = (type: string, data: Record<string, unknown>): LiveEvent => ({
  id: 'eu-1-1',
  region: 'eu',
  type,
  subject: 's',
  at: new Date().toISOString(),
  data,
});

test('events in any order, doubled or late, leave the newest state of a stamp (I6)', () => {
  const versions = Array.from({ length: 6 }, (_, n) => aStamp({ version: n + 1, tenants: n }));
  fc.assert(
    fc.property(fc.shuffledSubarray(versions, { minLength: 6 }), fc.array(fc.nat(5), { maxLength: 6 }), (order, doubled) => {
      const stream = [...order, ...doubled.map((n) => versions[n]!)];
      const end = stream.reduce<readonly ReturnType<typeof aStamp>[]>(
        (list, stamp) => patchOf(event('lapidary.stamp.updated.v1', { stamp })).stamps?.(list) ?? list,
        [],
      );
      expect(end).toEqual([versions[5]]);
    }),
  );
});

test('lines of a job stand in order and once each, however they come', () => {
  const job = aJob({ lastEventSequence: 4 });
  const line = (sequence: number) => ({
    job: job.id,
    sequence,
    at: new Date().toISOString(),
    level: 'info' as const,
    step: null,
    message: `${sequence}`,
  });
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 12 }), (sequences) => {
      const end = sequences.reduce(
        (log, n) => patchOf(event('lapidary.job.progressed.v1', { job, event: line(n) })).jobEvents?.apply(log) ?? log,
        {
          items: [] as ReturnType<typeof line>[],
          job,
        } as Parameters<NonNullable<ReturnType<typeof patchOf>['jobEvents']>['apply']>[0],
      );
      expect(end.items.map((e) => e.sequence)).toEqual([...new Set(sequences)].sort());
    }),
  );
});

test('a tenant’s event also makes sums, stamps and explanations stale', () => {
  const patch = patchOf(event('lapidary.tenant.placed.v1', { tenant: aTenant() }));
  expect(patch.tenants?.({ items: [], truncated: false }).items).toHaveLength(1);
  expect(patch.stale).toEqual(['regions', 'stamps', 'explanation']);
});

test.each([
  ['an unknown type', event('lapidary.moon.landed.v1', {})],
  ['rubbish inside', event('lapidary.stamp.updated.v1', { stamp: { name: 5 } })],
  ['what other regions know, by a field of any name', event('lapidary.region.knows.v1', { known: {}, stamp: aStamp() })],
])('%s changes nothing', (_, given) => expect(patchOf(given)).toEqual({ stale: [] }));
