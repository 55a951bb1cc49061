import { urgencyOf } from './urgency.js';

describe('the urgency that a Priority header asks for (RFC 9218)', () => {
  it.each([
    ['u=0', 0],
    ['u=7', 7],
    ['u=5, i', 5],
    ['i, u=1', 1],
    ['i,u=6;x=1', 6],
    [undefined, 3],
    ['', 3],
    ['u=8', 3],
    ['u=-1', 3],
    ['u=10', 3],
    ['xu=1', 3],
    ['U=1', 3],
    [['u=1', 'u=2'], 3],
  ])('%j is %d', (priority, urgency) => expect(urgencyOf(priority)).toBe(urgency));
});
