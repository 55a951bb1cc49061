import { jest } from '@jest/globals';
import { decodeTime } from 'ulid';
import { newId } from './ids.js';

test('ids are ULIDs, ascending and never the same, also where the clock stands still or goes back', () => {
  const before = Date.now();
  const ids = Array.from({ length: 40_000 }, newId);
  const clock = jest.spyOn(Date, 'now').mockReturnValue(before - 60_000);
  ids.push(...Array.from({ length: 40_000 }, newId));
  clock.mockRestore();
  expect(new Set(ids).size).toBe(ids.length);
  expect([...ids].sort()).toEqual(ids);
  for (const id of [ids[0]!, ids.at(-1)!]) {
    expect(id).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
    expect(decodeTime(id)).toBeGreaterThanOrEqual(before);
  }
});
