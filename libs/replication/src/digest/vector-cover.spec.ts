import { covers } from './vector-cover.js';

describe('what is known', () => {
  it('covers what is older or equal of every region, and a newer epoch covers an older one', () => {
    const at = (epoch: number, sequence: number) => ({ epoch, sequence });
    expect(covers({ eu: at(1, 5), us: at(1, 2) }, { eu: at(1, 5), us: at(1, 1) })).toBe(true);
    expect(covers({ eu: at(1, 4), us: at(1, 2) }, { eu: at(1, 5) })).toBe(false);
    expect(covers({ eu: at(1, 4) }, { us: at(1, 1) })).toBe(false);
    expect(covers({ eu: at(2, 0) }, { eu: at(1, 9) })).toBe(true);
    expect(covers({}, {})).toBe(true);
  });
});
