import type { ForwardResult } from '@lapidary/stamp-sdk/forward/forward-result';
import type { ErrorCode } from '@lapidary/kernel/error-catalogue';

export interface AttemptFacts {
  readonly result: ForwardResult;
  /** Whether the whole body, as far as it has come, can be sent again. */
  readonly replayable: boolean;
  /** Whether doing the request twice is doing it once (RFC 9110 §9.2.2). */
  readonly idempotent: boolean;
  /** Repeats so far for each cause. */
  readonly repeats: { readonly misdirected: number; readonly otherDoor: number; readonly staleConnection: number };
}

export type NextMove =
  | { readonly move: 'done' }
  /** Look the tenant up again, then forward by the new decision: never with the old epoch. */
  | { readonly move: 'look_up_again' }
  | { readonly move: 'other_door'; readonly otherwise: Answer }
  | { readonly move: 'same_again'; readonly otherwise: Answer }
  | Answer;

export interface Answer {
  readonly move: 'answer';
  readonly code: ErrorCode;
  readonly status?: number;
  readonly detail: string;
}

/** Three doors in vain mean that the stamp, not a door, is away. */
const otherDoorsMax = 2;

const answer = (code: ErrorCode, detail: string, status?: number): Answer => ({ move: 'answer', code, detail, status });

export const outOfTime = answer('timeout', 'The request was not done in the time that it is given.');

const idempotentMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
export const isIdempotent = (method: string | undefined): boolean => idempotentMethods.has(method ?? '');

/**
 * What follows from an attempt. A request is repeated only where the first attempt can't have had an effect: the stamp
 * refused it by 421, no byte of it was sent, or it was lost on a connection that the stamp had just closed and does no
 * harm twice.
 */
export const afterForward = ({ result, replayable, idempotent, repeats }: AttemptFacts): NextMove => {
  switch (result.kind) {
    case 'intercepted':
      return { move: 'look_up_again' };
    case 'unreachable': {
      const otherwise = answer('stamp_bad_answer', 'The stamp could not be reached.');
      return repeats.otherDoor < otherDoorsMax ? { move: 'other_door', otherwise } : otherwise;
    }
    case 'no_answer': {
      if (result.reason === 'deadline') return outOfTime;
      if (result.reason === 'head_timeout') return answer('timeout', 'The stamp did not answer in time.');
      const lostOnIdleConnection = result.reusedSocket && result.reason === 'reset';
      const otherwise = answer(
        'stamp_bad_answer',
        result.reason === 'reset' ? 'The stamp broke the connection off.' : 'The stamp answered badly.',
      );
      const harmless = replayable && (result.untouched === true || (lostOnIdleConnection && idempotent));
      return harmless && repeats.staleConnection === 0 ? { move: 'same_again', otherwise } : otherwise;
    }
    case 'client_stalled':
      return answer('timeout', 'The rest of the request did not arrive.', 408);
    case 'answered':
    case 'cut':
    case 'client_gone':
    case 'tunnelled':
      return { move: 'done' };
  }
};
