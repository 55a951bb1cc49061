import { covers, withoutRegions } from './vector-cover.js';

describe('what is known', () => {
  it('covers what is older or equal of every region, and a newer epoch covers an older one', () => {
    const at = (epoch: number, sequence: number) => ({ epoch, sequence });
    expect(covers({ eu: at(1, 5), us: at(1, 2) }, { eu: at(1, 5), us: at(1, 1) })).toBe(true);
    expect(covers({ eu: at(1, 4), us: at(1, 2) }, { eu: at(1, 5) })).toBe(false);
    expect(covers({ eu: at(1, 4) }, { us: at(1, 1) })).toBe(false);
    expect(covers({ eu: at(2, 0) }, { eu: at(1, 9) })).toBe(true);
    expect(covers({}, {})).toBe(true);
  });

  it('is asked of the regions alone whose events may still come', () => {
    const at = (sequence: number) => ({ epoch: 1, sequence });
    const [eu, us] = [
      { eu: at(5), us: at(2), ap: at(9) },
      { eu: at(5), us: at(2), ap: at(4) },
    ];
    expect(covers(us, eu)).toBe(false);
    expect(covers(us, withoutRegions(eu, new Set(['ap'])))).toBe(true);
    expect(covers({ ...us, eu: at(4) }, withoutRegions(eu, new Set(['ap'])))).toBe(false);
  });
});
