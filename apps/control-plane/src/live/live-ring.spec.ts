import fc from 'fast-check';
import type { LiveEvent } from '@lapidary/contracts/api/system';
import { LiveRing } from './live-ring.js';

const event = (id: string): LiveEvent => ({
  id,
  region: 'eu',
  type: 'lapidary.tenant.placed.v1',
  subject: 'tenant/a',
  at: '2025-01-01T00:00:00Z',
  data: {},
});

describe('the ring of live events', () => {
  it('answers with all that came after an event, or says that it does not know', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 20 }), fc.nat(60), (count, size, from) => {
        const ring = new LiveRing(size);
        for (let i = 0; i < count; i++) ring.push(event(`e${i}`));
        const after = ring.after(`e${from}`);
        if (from >= count || from < count - size) expect(after).toBeNull();
        else expect(after?.map((e) => e.id)).toEqual(Array.from({ length: count - from - 1 }, (_, i) => `e${from + 1 + i}`));
      }),
    );
  });

  it('keeps an event that is told twice once', () => {
    const ring = new LiveRing();
    expect([ring.push(event('a')), ring.push(event('b')), ring.push(event('a'))]).toEqual([true, true, false]);
    expect(ring.after('a')?.map((e) => e.id)).toEqual(['b']);
  });

  it('knows nothing after it was cleared', () => {
    const ring = new LiveRing();
    ring.push(event('a'));
    ring.clear();
    expect(ring.after('a')).toBeNull();
    ring.push(event('b'));
    expect(ring.after('b')).toEqual([]);
  });
});
