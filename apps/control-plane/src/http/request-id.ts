import type { IncomingMessage } from 'node:http';
import { requestIdHeader } from '@lapidary/contracts/workload';
import { newId } from '@lapidary/kernel/ids';

/** What callers may choose: ids that are safe in logs, headers and URLs. */
const sanePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** The caller's x-request-id where it is sane, else a new ULID. Echoed on every answer and kept in every audit row (I10). */
export const requestIdOf = (request: Pick<IncomingMessage, 'headers'>): string => {
  const given = request.headers[requestIdHeader];
  return typeof given === 'string' && sanePattern.test(given) ? given : newId();
};
