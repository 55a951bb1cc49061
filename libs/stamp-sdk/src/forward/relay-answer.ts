import type { IncomingMessage, ServerResponse } from 'node:http';
import { headerValues, responseHeaders, type HeaderRules, type RawHeaders } from './hop-by-hop.js';

export type RelayEnd = 'whole' | 'upstream_failed' | 'client_gone';

/**
 * What makes an answer unfit to pass on, or null. Node's parser has already refused two lengths, and a length beside
 * chunks; other transfer codings it would leave undecoded while we drop their name.
 */
export const answerProblem = (rawHeaders: RawHeaders): string | null => {
  const encodings = headerValues(rawHeaders, 'transfer-encoding');
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
export const relayAnswer = (answer: IncomingMessage, response: ServerResponse, onProgress: () => void): Promise<RelayEnd> =>
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
      onProgress();
      if (!response.write(chunk)) answer.pause();
    });
    response.on('drain', () => {
      onProgress();
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
