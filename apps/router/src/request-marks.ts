import { randomUUID } from 'node:crypto';
import { newId } from '@lapidary/kernel/ids';

/** Ids that others send are kept for correlation where they can't break logs or headers. */
const requestIdPattern = /^[A-Za-z0-9._-]{8,128}$/;
/** W3C Trace Context, version 00; all-zero ids are invalid there. */
const traceparentPattern = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
/** Share of traces begun here that ask to be recorded: enough to see the usual, cheap enough for every workload. */
const sampledShare = 0.01;

export const requestIdOf = (sent: string | string[] | undefined): string =>
  typeof sent === 'string' && requestIdPattern.test(sent) ? sent : newId();

/** The client's trace goes on; without a valid one, a trace begins here. */
export const traceparentOf = (sent: string | string[] | undefined, random: () => number = Math.random): string => {
  if (typeof sent === 'string' && traceparentPattern.test(sent)) return sent;
  const hex = (randomUUID() + randomUUID()).replaceAll('-', '');
  return `00-${hex.slice(0, 32)}-${hex.slice(32, 48)}-${random() < sampledShare ? '01' : '00'}`;
};
