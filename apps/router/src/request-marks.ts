import { newId } from '@lapidary/kernel/ids';

/** Ids that others send are kept for correlation where they can't break logs or headers. */
const requestIdPattern = /^[A-Za-z0-9._-]{8,128}$/;

export const requestIdOf = (sent: string | string[] | undefined): string =>
  typeof sent === 'string' && requestIdPattern.test(sent) ? sent : newId();
