import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { errorHeader, requestIdHeader } from '@lapidary/contracts/workload';
import { problemContentType, problemOf, type PublicError } from '@lapidary/stamp-sdk/problem';

export interface ProblemAnswer {
  readonly error: PublicError;
  readonly requestId: string;
  /** Where HTTP has a more exact status than the catalogue's (405, 408, 431, 505). */
  readonly status?: number;
  /** Further header fields, by lower-case name. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends the connection: what follows on it can't be trusted, or won't come. */
  readonly close?: boolean;
  /** As close, and no byte of the request is read any more. */
  readonly unread?: boolean;
}

const headersOf = ({ error, requestId, headers, close }: ProblemAnswer, body: string): Record<string, string> => ({
  ...headers,
  'content-type': problemContentType,
  'content-length': String(Buffer.byteLength(body)),
  'cache-control': 'no-store',
  [errorHeader]: error.code,
  [requestIdHeader]: requestId,
  ...(error.retryAfterSeconds === undefined ? {} : { 'retry-after': String(error.retryAfterSeconds) }),
  ...(close === true ? { connection: 'close' } : {}),
});

const bodyOf = ({ error, requestId, status }: ProblemAnswer): string => {
  const problem = problemOf(error, requestId);
  return JSON.stringify(status === undefined ? problem : { ...problem, status });
};

/** Answers with problem+json; does nothing where the client has gone or an answer has begun. */
export const answerProblem = (response: ServerResponse, answer: ProblemAnswer): void => {
  if (response.headersSent || response.destroyed) return;
  const body = bodyOf(answer);
  response.writeHead(answer.status ?? answer.error.entry.status, headersOf(answer, body)).end(body);
};

/** The same as the text of a whole answer, utf-8; the answer to HEAD is its head only. */
export const problemText = (answer: ProblemAnswer, isHead: boolean): string => {
  const body = bodyOf(answer);
  const status = answer.status ?? answer.error.entry.status;
  const fields = headersOf(answer, body);
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
  for (const name in fields) text += `${name}: ${fields[name]!}\r\n`;
  return `${text}date: ${new Date().toUTCString()}\r\n\r\n${isHead ? '' : body}`;
};

/** The same on a socket for which the parser has made no response; the connection ends. */
export const answerProblemOnSocket = (
  socket: Duplex,
  answer: ProblemAnswer & { readonly status: number; readonly phrase: string },
): void => {
  const body = bodyOf(answer);
  const headers = Object.entries(headersOf({ ...answer, close: true }, body)).map(([name, value]) => `${name}: ${value}`);
  socket.end(`HTTP/1.1 ${answer.status} ${answer.phrase}\r\n${headers.join('\r\n')}\r\n\r\n${body}`);
};
