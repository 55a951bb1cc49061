import { concurrency } from './limits/concurrency.js';
import type { Over } from './limits/scoped-limits.js';
import { rateLimitFields, retryAfterOf } from './rate-limit-fields.js';
import type { Refused } from './traffic-policy.js';

/** Nobody knows when one of those under way will end; most requests take less than this. */
const askAgainMs = 1_000;

/** As clients and explanations are told of a limit that has no room. */
export const limited = (scope: string, { limit, waitMs }: Over): Refused => {
  const retryAfterSeconds = retryAfterOf(waitMs);
  const { requests, windowSeconds } = limit.quota;
  const quota = windowSeconds === null ? `${requests} at a time` : `${requests} in ${windowSeconds} s`;
  const reason = `the ${scope} limit of ${quota} is reached (${limit.kind.replaceAll('_', ' ')})`;
  return { kind: 'refused', code: 'rate_limited', reason, retryAfterSeconds, headers: rateLimitFields(scope, limit, retryAfterSeconds) };
};

/** A tenant that has as many requests under way as it may. */
export const noPlaceLeft = (max: number, scope = 'tenant-places'): Refused =>
  limited(scope, { limit: concurrency(max), waitMs: askAgainMs });
