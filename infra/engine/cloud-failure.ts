import type { EngineFailureCode } from './engine-error.js';

export type CloudFailureCode = Extract<EngineFailureCode, 'throttled' | 'access_denied' | 'capacity_insufficient'>;

/** A cloud's refusal whose meaning is known, so that whoever asked knows whether asking again makes sense. */
export class CloudFailure extends Error {
  constructor(
    readonly code: CloudFailureCode,
    message: string,
  ) {
    super(message);
    this.name = 'CloudFailure';
  }
}

/** The words of AWS's services for each (their "Common errors" and "Error codes" pages); the first that matches counts. */
const wordsOf: readonly (readonly [CloudFailureCode, RegExp])[] = [
  ['throttled', /\b(Throttl\w*|RequestLimitExceeded|TooManyRequests\w*|SlowDown|RequestThrottled\w*)\b/],
  ['access_denied', /\b(AccessDenied\w*|UnauthorizedOperation|not authorized to perform|AuthFailure|ExpiredToken\w*)\b/],
  [
    'capacity_insufficient',
    /\b(Insufficient\w*Capacity\w*|Insufficient\w*InCluster\w*|\w*LimitExceeded\w*|\w*QuotaExceeded\w*|StorageQuota\w*)\b/,
  ],
];

/** What the text of a provider, ours or the real one's, means; undefined where it is none of these. */
export const cloudFailureCodeOf = (text: string): CloudFailureCode | undefined => wordsOf.find(([, words]) => words.test(text))?.[0];
