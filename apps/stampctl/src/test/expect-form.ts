import type { formats } from '../output/output.js';
import type { Ran } from './run-stampctl.js';

/** An answer in a form that every command has (`-o`): whole, and a table that a terminal holds. */
export const expectForm = (ran: Ran, form: (typeof formats)[number]): void => {
  expect(ran).toMatchObject({ exit: 0 });
  expect(ran.out).not.toMatch(/undefined|\[object/);
  if (form === 'json') expect(() => JSON.parse(ran.out)).not.toThrow();
  if (form === 'table') expect(Math.max(...ran.out.split('\n').map((l) => l.length))).toBeLessThanOrEqual(100);
};
