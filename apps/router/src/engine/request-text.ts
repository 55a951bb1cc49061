import { epochHeader, requestIdHeader, tenantHeader } from '@lapidary/contracts/workload';
import type { ForwardDecision } from '../pipeline/decide.js';
import type { LaneRequest } from './upstream-lane.js';

/** A head up to its empty line for a body whose length is known, or that something else frames: the length is said where there is one. */
export const headWithLength = ({ head, bodyBytes, hasLengthField }: LaneRequest): string =>
  bodyBytes > 0 && !hasLengthField ? `${head}content-length: ${bodyBytes}\r\n\r\n` : `${head}\r\n`;

/** What a stamp is told that is the same for all requests to a host (I4: epoch and tenant are never the client's). */
export const routeText = ({ tenant, epoch, prefix }: ForwardDecision, host: string): string =>
  `${tenantHeader}: ${tenant}\r\n${epochHeader}: ${epoch}\r\nx-forwarded-proto: http\r\n` +
  (host === '' ? '' : `x-forwarded-host: ${host}\r\n`) +
  (prefix === '' ? '' : `x-forwarded-prefix: ${prefix}\r\n`);

/** What is this request's own. */
export const marksText = (requestId: string, traceparent: string, remoteAddress: string): string =>
  `${requestIdHeader}: ${requestId}\r\ntraceparent: ${traceparent}\r\n` +
  (remoteAddress === '' ? '' : `x-forwarded-for: ${remoteAddress}\r\n`);
