import { AppError } from '@lapidary/kernel/app-error';
import { attemptsDefault, mayRepeat, repeatMsMax } from './may-repeat.js';

const tried = { made: 1, most: attemptsDefault, elapsedMs: 0 };

describe('a request is made once more', () => {
  it.each(['api_unreachable', 'request_in_progress', 'not_ready'] as const)('after %s, while tries and time are left', (code) => {
    const failure = new AppError(code, 'away');
    expect(mayRepeat(failure, tried)).toBe(true);
    expect(mayRepeat(failure, { ...tried, made: attemptsDefault })).toBe(false);
    expect(mayRepeat(failure, { ...tried, elapsedMs: repeatMsMax - 1 })).toBe(true);
    expect(mayRepeat(failure, { ...tried, elapsedMs: repeatMsMax })).toBe(false);
  });

  it.each(['timeout', 'not_found', 'invalid_input', 'internal'] as const)('never after %s', (code) => {
    expect(mayRepeat(new AppError(code, 'no'), tried)).toBe(false);
  });
});
