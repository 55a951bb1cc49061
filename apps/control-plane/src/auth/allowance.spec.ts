import { Allowance } from './allowance.js';

test('so many at once, then so many a second, for each key of its own', () => {
  const allowance = new Allowance(3, 0.5, 10);
  for (let n = 0; n < 3; n += 1) {
    expect(allowance.waitSeconds('a', 0)).toBe(0);
    allowance.take('a', 0);
  }
  expect([allowance.waitSeconds('a', 0), allowance.waitSeconds('b', 0)]).toEqual([2, 0]);
  expect([allowance.waitSeconds('a', 1_000), allowance.waitSeconds('a', 2_000)]).toEqual([1, 0]);
});

test('what many took at once beyond the end is waited for, as far as is said', () => {
  const allowance = new Allowance(2, 1, 10);
  for (let n = 0; n < 50; n += 1) allowance.take('a', 0);
  expect(allowance.waitSeconds('a', 0)).toBe(1);
  const owing = new Allowance(2, 1, 10, 30);
  for (let n = 0; n < 50; n += 1) owing.take('a', 0);
  expect(owing.waitSeconds('a', 0)).toBe(31);
});

test('keeps no more keys than it may: the one used longest ago goes', () => {
  const allowance = new Allowance(1, 0.001, 2);
  for (const key of ['a', 'b', 'a', 'c']) allowance.take(key, 0);
  expect(['a', 'b', 'c'].map((key) => allowance.waitSeconds(key, 0) > 0)).toEqual([true, false, true]);
});
