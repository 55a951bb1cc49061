import { cutSince } from './peer-freshness.js';

const at = '2026-01-02T03:04:05.000Z';
const started = '2026-01-02T09:00:00.000Z';

describe('since when a region is cut off', () => {
  it('is when it answered last, not when this process was started in the middle of the cut', () =>
    expect(cutSince(new Date(at), { state: 'cut', cutSince: started })).toBe(at));

  it('is what the process knows of a region that has never answered', () =>
    expect([cutSince(null, { state: 'cut', cutSince: started }), cutSince(null, undefined)]).toEqual([started, null]));
});
