import type { Habits } from './habits.ts';
import { framingOf, readBody, type Body, type Framing } from './read-body.ts';
import { readHead, type Found, type Head } from './read-head.ts';

export interface Message {
  readonly head: Head;
  readonly framing: Framing;
  readonly body: Body;
}

export interface Reading {
  readonly messages: readonly Message[];
  /** What stands behind the last whole message: nothing, the beginning of another, or something that is none. */
  readonly rest: 'nothing' | 'incomplete' | { readonly refused: string };
}

type FramingOf = (head: Head, index: number) => Found<Framing>;

const readAll = (bytes: string, habits: Habits, framing: FramingOf, closed: boolean): Reading => {
  const messages: Message[] = [];
  let at = 0;
  const stop = (found: Exclude<Found<unknown>, { kind: 'whole' }>): Reading => ({
    messages,
    rest: found.kind === 'incomplete' ? 'incomplete' : { refused: found.why },
  });
  while (at < bytes.length) {
    const head = readHead(bytes, at, habits);
    if (head.kind !== 'whole') return stop(head);
    const kind = framing(head.value, messages.length);
    if (kind.kind !== 'whole') return stop(kind);
    const body = readBody(bytes, head.value.end, kind.value, habits, closed);
    if (body.kind !== 'whole') return stop(body);
    messages.push({ head: head.value, framing: kind.value, body: body.value });
    at = body.value.end;
    // An interim answer is followed by another head, a switch of protocols by bytes that are no HTTP.
    if (/^HTTP\/1\.1 101 /.test(head.value.startLine)) break;
  }
  return { messages, rest: 'nothing' };
};

/** A stream of requests as a server with these habits reads it. */
export const readRequests = (bytes: string, habits: Habits): Reading =>
  readAll(
    bytes,
    habits,
    (head) => {
      const found = framingOf(head, habits);
      return found.kind === 'whole' ? { kind: 'whole', value: found.value ?? 'none' } : found;
    },
    false,
  );

export const statusOf = ({ head }: Message): number => Number(head.startLine.slice(9, 12));
const isInterim = (status: number): boolean => status >= 100 && status < 200 && status !== 101;

/** A stream of answers to requests with these methods, read strictly (RFC 9112 §6.3); interim answers are in the list. */
export const readAnswers = (bytes: string, methods: readonly string[], strictly: Habits, closed: boolean): Reading => {
  let finals = 0;
  return readAll(
    bytes,
    strictly,
    (head) => {
      const status = Number(head.startLine.slice(9, 12));
      if (!/^HTTP\/1\.[01] \d{3}( |$)/.test(head.startLine)) return { kind: 'refused', why: `"${head.startLine}" is no status line` };
      if (isInterim(status)) return { kind: 'whole', value: 'none' };
      const method = methods[finals] ?? 'GET';
      finals += 1;
      if (method === 'HEAD' || status === 204 || status === 304 || status === 101) return { kind: 'whole', value: 'none' };
      const found = framingOf(head, strictly);
      return found.kind === 'whole' ? { kind: 'whole', value: found.value ?? 'until close' } : found;
    },
    closed,
  );
};

/** Those before the first final one. */
export const interimAnswers = ({ messages }: Reading): readonly Message[] => {
  const first = messages.findIndex((m) => !isInterim(statusOf(m)));
  return first < 0 ? messages : messages.slice(0, first);
};

export const finalAnswers = (reading: Reading): readonly Message[] => reading.messages.filter((m) => !isInterim(statusOf(m)));
