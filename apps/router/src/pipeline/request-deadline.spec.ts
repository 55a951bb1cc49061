import { LimitsDocumentSchema } from '@lapidary/contracts/limits';
import { LimitsBook } from '../traffic-policy/limits-book.js';
import { RequestDeadline, type SoFar } from './request-deadline.js';

const bookOf = (document: unknown): LimitsBook => new LimitsBook(LimitsDocumentSchema.parse(document));
const soFar = (over: Partial<SoFar> = {}): SoFar => ({ tenant: 'acme', stamp: 'eu-1', movedBytes: 0, isStream: false, ...over });
const begun = (document: unknown): RequestDeadline => {
  const deadline = new RequestDeadline({ patience: bookOf(document) });
  deadline.begin(1_000);
  return deadline;
};

describe('how long a request is given', () => {
  it('its tenant says, else its tier, else its stamp, else what is said of all stamps, else two minutes', () => {
    const book = bookOf({
      tiers: { standard: {}, batch: { requestSecondsMax: 600 } },
      tenants: { slow: { tier: 'batch' }, quick: { tier: 'batch', requestSecondsMax: 2 }, any: {} },
      stamps: { default: { requestSecondsMax: 30 }, 'eu-2': { requestSecondsMax: 40 } },
    });
    const seconds = (tenant: string | null, stamp: string | null): number => book.patienceOf(tenant, stamp).ms / 1000;
    expect([
      seconds('slow', 'eu-2'),
      seconds('quick', 'eu-2'),
      seconds('any', 'eu-2'),
      seconds('any', 'eu-1'),
      seconds(null, null),
    ]).toEqual([600, 2, 40, 30, 30]);
    expect(book.patienceMsMin).toBe(2_000);
    expect(bookOf({}).patienceMsMin).toBe(120_000);
    expect(bookOf({}).patienceOf('any', 'eu-1')).toEqual({ ms: 120_000, bytesPerSecondMin: 500 });
  });

  it('D1, D3: is looked up when the shortest of all has passed, and is over when its own has', () => {
    const deadline = begun({ tenants: { other: { requestSecondsMax: 1 } }, stamps: { default: { requestSecondsMax: 10 } } });
    expect(deadline.atMs).toBe(2_000);
    expect(deadline.goesOn(soFar(), 2_050)).toBe(true);
    expect(deadline.atMs).toBe(11_000);
    expect(deadline.goesOn(soFar(), 11_000)).toBe(false);
  });

  it('D2: a transfer that moves enough is given as long again, each time by what it moved since', () => {
    const deadline = begun({ stamps: { default: { requestSecondsMax: 10, transferBytesPerSecondMin: 100 } } });
    expect(deadline.goesOn(soFar({ movedBytes: 1_000 }), 11_000)).toBe(true);
    expect(deadline.goesOn(soFar({ movedBytes: 2_000 }), 21_000)).toBe(true);
    expect(deadline.goesOn(soFar({ movedBytes: 2_999 }), 31_000)).toBe(false);
  });

  it('D2: a stream whose client reads goes on, however little it says', () => {
    const deadline = begun({ stamps: { default: { requestSecondsMax: 10 } } });
    expect(deadline.goesOn(soFar({ isStream: true, movedBytes: 3 }), 11_000)).toBe(true);
    expect(deadline.goesOn(soFar({ isStream: false, movedBytes: 6 }), 21_000)).toBe(false);
  });

  it('where any rate will do, one that moved nothing is over all the same', () => {
    const deadline = begun({ stamps: { default: { requestSecondsMax: 10, transferBytesPerSecondMin: 0 } } });
    expect(deadline.goesOn(soFar({ movedBytes: 1 }), 11_000)).toBe(true);
    expect(deadline.goesOn(soFar({ movedBytes: 1 }), 21_000)).toBe(false);
  });
});
