import { AppError, toAppError } from './app-error.js';
import { errorCatalogue, exitCodes, isErrorCode } from './error-catalogue.js';

test('every code has a title, something to check, and a known exit code', () => {
  for (const [code, entry] of Object.entries(errorCatalogue)) {
    expect(code).toMatch(/^[a-z_]+$/);
    expect(entry.title.length).toBeGreaterThan(5);
    expect(entry.check.length).toBeGreaterThan(10);
    expect(Object.values(exitCodes)).toContain(entry.exit);
    // Only one is no failure: a request that was taken and waits.
    expect(entry.status >= 400 || (code === 'intent_queued' && entry.status === 202)).toBe(true);
  }
});

test('what was not thrown on purpose shows nothing of itself', () => {
  const error = toAppError(new Error('password is hunter2'));
  expect(error.code).toBe('internal');
  expect(error.message).not.toContain('hunter2');
  expect(error.internal).toContain('hunter2');
});

test('an AppError stays what it is', () => {
  const error = new AppError('not_found');
  expect(toAppError(error)).toBe(error);
});

test('names on the prototype are no codes', () => expect(isErrorCode('constructor')).toBe(false));
