import type { Limit } from './limits/limit.js';

/**
 * RateLimit-Policy and RateLimit as in draft-ietf-httpapi-ratelimit-headers-10: lists of named policies; q is the quota,
 * w its window in seconds, qu its unit where it isn't requests; r is what remains, t the seconds until there is more.
 */
export const rateLimitFields = (scope: string, { kind, quota }: Limit, retryAfterSeconds: number): Record<string, string> => {
  const name = `"${scope}-${kind.replaceAll('_', '-')}"`;
  const window = quota.windowSeconds === null ? ';qu="concurrent-requests"' : `;w=${quota.windowSeconds}`;
  return { 'ratelimit-policy': `${name};q=${quota.requests}${window}`, ratelimit: `${name};r=0;t=${retryAfterSeconds}` };
};

/** Whole seconds, never 0: "at once" would be another refusal. */
export const retryAfterOf = (waitMs: number): number => Math.max(1, Math.ceil(waitMs / 1000));
