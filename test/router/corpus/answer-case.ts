/** What the client must get: without what the router itself says, and without framing and connection. */
export interface Relayed {
  readonly status: number;
  /** "Name: value", in order. */
  readonly headers: readonly string[];
  readonly body: string;
  /** Of each answer before it that is not the last: status with reason, then its fields. */
  readonly interim?: readonly (readonly string[])[];
}

export type ExpectedAnswer =
  /** As told; afterwards the stamp's connection carries another request, or is not used again. */
  | { readonly kind: 'relayed'; readonly answer: Relayed; readonly stamp: 'used again' | 'dropped'; readonly client: 'kept' | 'closed' }
  /** Not fit to pass on: 502 in its place, and the stamp's connection is dropped. The client's goes on. */
  | { readonly kind: 'bad' }
  /** Bad only after its head had gone on: the client sees that the answer is not whole. */
  | { readonly kind: 'cut' };

export interface AnswerCase {
  readonly id: string;
  readonly group: string;
  readonly source: string;
  /** What the stamp sends, byte for byte. */
  readonly bytes: string;
  /** What it does then. */
  readonly then: 'stays' | 'ends' | 'resets';
  readonly method: string;
  readonly expected: ExpectedAnswer;
  /** Where Node's parser safely does something else: on the general path, and at a stamp's own front door. */
  readonly general?: ExpectedAnswer;
}

type Options = Partial<Pick<AnswerCase, 'then' | 'method' | 'general'>>;
export type AnswerRow = readonly [id: string, source: string, bytes: string, expected: ExpectedAnswer, options?: Options];

export const answerGroup = (name: string, rows: readonly AnswerRow[]): AnswerCase[] =>
  rows.map(([id, source, bytes, expected, options]) => ({
    id,
    group: name,
    source,
    bytes,
    expected,
    then: 'stays',
    method: 'GET',
    ...options,
  }));

export const ok = (headers: readonly string[], body = '', status = '200 OK'): string =>
  `HTTP/1.1 ${status}\r\n${headers.map((h) => `${h}\r\n`).join('')}\r\n${body}`;
export const hello = ok(['Content-Length: 5'], 'hello');

const relayed = (over: Partial<Relayed>, stamp: 'used again' | 'dropped', client: 'kept' | 'closed' = 'kept'): ExpectedAnswer => ({
  kind: 'relayed',
  answer: { status: 200, headers: [], body: '', ...over },
  stamp,
  client,
});
export const again = (over: Partial<Relayed> = {}): ExpectedAnswer => relayed(over, 'used again');
export const dropped = (over: Partial<Relayed> = {}, client: 'kept' | 'closed' = 'kept'): ExpectedAnswer =>
  relayed(over, 'dropped', client);
export const bad: ExpectedAnswer = { kind: 'bad' };
export const cutAnswer: ExpectedAnswer = { kind: 'cut' };
