import { newId } from '@lapidary/kernel/ids';

/** Ids that others send are kept for correlation where they can't break logs or headers. */
const requestIdPattern = /^[A-Za-z0-9._-]{8,128}$/;

/** Of this thread. */
const origin = newId();
let count = 0;

/** Unique, and no secret: chance is drawn once for all of them. A ULID for each was a twelfth of what a request costs. */
const newRequestId = (): string => `${origin}-${(count += 1).toString(36)}`;

export const requestIdOf = (sent: string | string[] | undefined): string =>
  typeof sent === 'string' && requestIdPattern.test(sent) ? sent : newRequestId();
