import { epochHeader, tenantHeader } from '@lapidary/contracts/workload';
import type { ForwardDecision } from '../pipeline/decide.js';
import type { ClientFacts } from '../proxy-protocol/client-facts.js';
import type { LaneRequest } from './upstream-lane.js';

/** What ends a head, its empty line included, before a body whose length is known, or that something else frames: the length is said where there is one. */
export const headEnd = ({ bodyBytes, hasLengthField }: LaneRequest): string =>
  bodyBytes > 0 && !hasLengthField ? `content-length: ${bodyBytes}\r\n\r\n` : '\r\n';

/** In one piece of its own: V8 keeps a joined text as its parts and goes through them all each time it is written, and a part of a text with all of that. */
export const inOnePiece = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');

/** What a stamp is told that is the same for all requests to a host, around the epoch (I4: epoch and tenant are never the client's). */
export interface RouteText {
  readonly before: string;
  readonly after: string;
}

export const routeTextAround = ({ tenant, prefix }: ForwardDecision, host: string): RouteText => ({
  before: inOnePiece(`${tenantHeader}: ${tenant}\r\n${epochHeader}: `),
  after: inOnePiece(`\r\n${host === '' ? '' : `x-forwarded-host: ${host}\r\n`}${prefix === '' ? '' : `x-forwarded-prefix: ${prefix}\r\n`}`),
});

/** The same with its epoch. */
export const routeText = (decision: ForwardDecision, host: string): string => {
  const { before, after } = routeTextAround(decision, host);
  return inOnePiece(before + decision.epoch + after);
};

/** What is the same for all requests of a connection. `remoteAddress`: "" where it is not known. */
export const clientText = (remoteAddress: string, proto: ClientFacts['proto']): string =>
  inOnePiece(`x-forwarded-proto: ${proto}\r\n${remoteAddress === '' ? '' : `x-forwarded-for: ${remoteAddress}\r\n`}`);
