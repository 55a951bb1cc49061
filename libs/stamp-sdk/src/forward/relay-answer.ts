import type { IncomingMessage, ServerResponse } from 'node:http';
import { headerValues, responseHeaders, type HeaderRules, type RawHeaders } from './hop-by-hop.js';

export type RelayEnd = 'whole' | 'upstream_failed' | 'client_gone';

export interface AnswerHead {
  readonly status: number;
  readonly httpVersion: string;
  readonly rawHeaders: RawHeaders;
}

/**
 * What makes an answer unfit to pass on, or null. Node's parser has already refused two lengths, and a length beside
 * chunks; other transfer codings it would leave undecoded while we drop their name. A 101 that comes here has switched to
 * nothing: passed on, it would end HTTP for the client.
 */
export const answerProblem = ({ status, httpVersion, rawHeaders }: AnswerHead): string | null => {
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return `HTTP/${httpVersion}`;
  if (status === 101) return 'it switched protocols unasked';
  if (status < 200) return `status ${status}`;
  const encodings = headerValues(rawHeaders, 'transfer-encoding');
  // RFC 9112 §6.1: its framing is faulty, whatever it says.
  if (encodings.length > 0 && httpVersion === '1.0') return 'a transfer coding in HTTP/1.0';
  const plain = encodings.length === 0 || (encodings.length === 1 && encodings[0]!.trim().toLowerCase() === 'chunked');
  return plain ? null : `transfer coding "${encodings.join(', ')}"`;
};

/** Headers for the client; the length stays where it describes the answer (also of HEAD and 304), never on a 204. */
export const answerHeaders = (status: number, raw: RawHeaders, rules: HeaderRules, trusted: boolean): string[] => {
  const kept = responseHeaders(raw, rules, trusted);
  const [length] = headerValues(raw, 'content-length');
  if (length !== undefined && status !== 204 && headerValues(raw, 'transfer-encoding').length === 0) kept.push('content-length', length);
  return kept;
};

/** A cut answer must not look whole: without length or chunks only a reset tells it from the end. */
const cutOff = (response: ServerResponse): void => {
  if (response.req.httpVersion === '1.0') response.socket?.resetAndDestroy();
  response.destroy();
};

/**
 * Streams an answer's body to the client with back-pressure; its head has been written. The head leaves at once even
 * when the first byte of the body is long in coming (server-sent events). Trailers are dropped.
 */
export const relayAnswer = (answer: IncomingMessage, response: ServerResponse, onProgress: (bytes: number) => void): Promise<RelayEnd> =>
  new Promise((resolve) => {
    let over = false;
    const end = (how: RelayEnd): void => {
      if (over) return;
      over = true;
      if (how === 'upstream_failed') cutOff(response);
      if (how === 'client_gone') answer.destroy();
      resolve(how);
    };
    answer.on('data', (chunk: Buffer) => {
      onProgress(chunk.length);
      if (!response.write(chunk)) answer.pause();
    });
    response.on('drain', () => {
      onProgress(0);
      answer.resume();
    });
    answer.on('end', () => response.end());
    answer.on('error', () => end('upstream_failed'));
    answer.on('close', () => {
      if (!answer.complete) end('upstream_failed');
    });
    response.on('finish', () => end('whole'));
    response.on('close', () => end('client_gone'));
    response.on('error', () => end('client_gone'));
    setImmediate(() => {
      if (!over) response.flushHeaders();
    });
  });
