import { epochHeader, requestIdHeader, tenantHeader } from '@lapidary/contracts/workload';
import type { ForwardDecision } from '../pipeline/decide.js';

/** What a stamp is told that is the same for all requests to a host (I4: epoch and tenant are never the client's). */
export const routeText = ({ tenant, epoch, prefix }: ForwardDecision, host: string): string =>
  `${tenantHeader}: ${tenant}\r\n${epochHeader}: ${epoch}\r\nx-forwarded-proto: http\r\n` +
  (host === '' ? '' : `x-forwarded-host: ${host}\r\n`) +
  (prefix === '' ? '' : `x-forwarded-prefix: ${prefix}\r\n`);

/** What is this request's own. */
export const marksText = (requestId: string, traceparent: string, remoteAddress: string): string =>
  `${requestIdHeader}: ${requestId}\r\ntraceparent: ${traceparent}\r\n` +
  (remoteAddress === '' ? '' : `x-forwarded-for: ${remoteAddress}\r\n`);
