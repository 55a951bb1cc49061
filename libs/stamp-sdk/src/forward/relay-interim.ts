import type { InformationEvent, ServerResponse } from 'node:http';
import { responseHeaders, type HeaderRules, type RawHeaders } from './hop-by-hop.js';

/**
 * So many answers that are not the last (1xx) are passed on for one request. A handful is what early hints and progress need; each may be a head of 32 KiB, and nothing
 * holds back who sends them while a client reads none.
 */
const interimsMax = 16;

/** Of one request. */
export class Interims {
  private passed = 0;

  /** Whether one more is passed on. */
  pass(): boolean {
    return ++this.passed <= interimsMax;
  }

  again(): void {
    this.passed = 0;
  }
}

/** An answer over HTTP/2, where interim ones are frames of their stream. */
export interface InterimWriter {
  writeInterim?: (status: number, fields: readonly string[]) => void;
}

/** Fields that pass: end-to-end ones, without framing (there is no content), and nothing of what we say on the answer itself. */
export const interimHeaders = (raw: RawHeaders, { set }: HeaderRules, trusted: boolean): string[] =>
  responseHeaders(raw, { set: Object.fromEntries(Object.keys(set).map((name) => [name, ''])) }, trusted);

/**
 * Passes an interim answer on (RFC 9110 §15.2: a proxy must), ahead of the answer that has not begun. HTTP/1.0 knows none. Node has a way to write a 103 with links, and none
 * for a 1xx as it came; it writes its own past the answer's head, too.
 */
export const relayInterim = (
  { statusCode, statusMessage, rawHeaders }: Pick<InformationEvent, 'statusCode' | 'statusMessage' | 'rawHeaders'>,
  response: ServerResponse & InterimWriter,
  rules: HeaderRules,
  trusted: boolean,
): void => {
  if (response.headersSent || response.destroyed || response.req.httpVersion === '1.0') return;
  const fields = interimHeaders(rawHeaders, rules, trusted);
  if (response.writeInterim) return response.writeInterim(statusCode, fields);
  let text = `HTTP/1.1 ${statusCode} ${statusMessage}\r\n`;
  for (let i = 0; i + 1 < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`;
  response.socket?.write(`${text}\r\n`, 'latin1');
};
