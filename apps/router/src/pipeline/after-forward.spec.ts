import type { ForwardResult } from '@lapidary/stamp-sdk/forward/forward-result';
import { afterForward, isIdempotent, type AttemptFacts } from './after-forward.js';

const facts = (result: ForwardResult, over: Partial<AttemptFacts> = {}): AttemptFacts => ({
  result,
  replayable: true,
  idempotent: true,
  repeats: { misdirected: 0, otherDoor: 0, staleConnection: 0 },
  ...over,
});
const lost: ForwardResult = { kind: 'no_answer', reason: 'reset', detail: '', reusedSocket: true };

describe('what follows from an attempt', () => {
  it.each([
    ['answered', { kind: 'answered', status: 500, headMs: 1 }],
    ['cut', { kind: 'cut', status: 200, reason: '' }],
    ['client_gone', { kind: 'client_gone' }],
    ['tunnelled', { kind: 'tunnelled', headMs: 1, bytesUp: 0, bytesDown: 0 }],
  ] as const)('%s: nothing more', (_, result) => expect(afterForward(facts(result))).toEqual({ move: 'done' }));

  it('an unreachable door: another one, three doors at most', () => {
    const result: ForwardResult = { kind: 'unreachable', reason: 'ECONNREFUSED' };
    expect(afterForward(facts(result))).toMatchObject({ move: 'other_door', otherwise: { code: 'stamp_bad_answer' } });
    expect(afterForward(facts(result, { repeats: { misdirected: 0, otherDoor: 2, staleConnection: 0 } }))).toMatchObject({
      move: 'answer',
      code: 'stamp_bad_answer',
    });
  });

  it('a request lost on a connection that was just closed is repeated once, and only where twice does no harm', () => {
    expect(afterForward(facts(lost))).toMatchObject({ move: 'same_again', otherwise: { code: 'stamp_bad_answer' } });
    expect(afterForward(facts(lost, { idempotent: false }))).toMatchObject({ code: 'stamp_bad_answer' });
    expect(afterForward(facts(lost, { replayable: false }))).toMatchObject({ code: 'stamp_bad_answer' });
    expect(afterForward(facts(lost, { repeats: { misdirected: 0, otherDoor: 0, staleConnection: 1 } }))).toMatchObject({
      code: 'stamp_bad_answer',
    });
    expect(afterForward(facts({ ...lost, reusedSocket: false }))).toMatchObject({ code: 'stamp_bad_answer' });
  });

  it('no answer in time is never repeated: the stamp may be working on it', () => {
    expect(afterForward(facts({ ...lost, reason: 'head_timeout' }))).toMatchObject({ move: 'answer', code: 'timeout' });
  });

  it('a client that stalls is told so', () => expect(afterForward(facts({ kind: 'client_stalled' }))).toMatchObject({ status: 408 }));

  it('POST and PATCH are not idempotent', () => {
    expect(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'POST', 'PATCH'].filter(isIdempotent)).toEqual([
      'GET',
      'HEAD',
      'OPTIONS',
      'PUT',
      'DELETE',
    ]);
  });
});
