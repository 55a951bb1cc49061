import type { BodyFraming } from './request-check.js';

/** Node writes these without a body as they are; to any other it adds "chunked" where no length is said, and some servers take that for a body. */
const bodilessMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS']);

/** What tells the upstream where a request's body ends. A method that may have a body says that this one is empty (RFC 9110 §8.6). */
export const framingHeaders = (framing: BodyFraming, method: string): string[] => {
  if (framing.kind === 'chunked') return ['transfer-encoding', 'chunked'];
  if (framing.kind === 'length') return ['content-length', String(framing.bytes)];
  return bodilessMethods.has(method) ? [] : ['content-length', '0'];
};
