/**
 * How servers in the field read what RFC 9112 forbids. Two servers with different habits read one stream as different
 * messages: that is request smuggling. The router's duty is to forward only what all of them read alike.
 */
export interface Habits {
  readonly name: string;
  /** A line that ends with LF alone. */
  readonly bareLf: 'refuse' | 'line end';
  /** A line that begins with a space or a tab. */
  readonly fold: 'refuse' | 'join' | 'header of its own';
  /** "Content-Length : 5". */
  readonly spaceBeforeColon: 'refuse' | 'trim' | 'part of the name';
  /** Content-Length beside Transfer-Encoding. */
  readonly both: 'refuse' | 'length' | 'chunks';
  readonly lengths: 'refuse' | 'first' | 'last';
  /** Which Transfer-Encoding means chunks. */
  readonly chunked: 'exact' | 'last coding' | 'contains';
  /** "_" in names is "-", as WSGI, CGI and PHP have it. */
  readonly underscores: boolean;
  /** A size with blanks, a sign or 0x before it. */
  readonly size: 'hex' | 'loose';
}

/** RFC 9112 to the letter, where it leaves a choice the refusal. */
export const strict: Habits = {
  name: 'strict',
  bareLf: 'refuse',
  fold: 'refuse',
  spaceBeforeColon: 'refuse',
  both: 'refuse',
  lengths: 'refuse',
  chunked: 'exact',
  underscores: false,
  size: 'hex',
};

/** Takes whatever can be taken, and follows the length: what careless servers do. */
export const lenient: Habits = {
  name: 'lenient',
  bareLf: 'line end',
  fold: 'join',
  spaceBeforeColon: 'trim',
  both: 'length',
  lengths: 'last',
  chunked: 'contains',
  underscores: true,
  size: 'loose',
};

/** Each differs from the others in what an advisory was written about. */
export const fieldHabits: readonly Habits[] = [
  strict,
  lenient,
  { ...lenient, name: 'lenient, chunks win', both: 'chunks' },
  { ...lenient, name: 'lenient, first length', lengths: 'first', chunked: 'last coding' },
  { ...lenient, name: 'folds are headers', fold: 'header of its own', spaceBeforeColon: 'part of the name', underscores: false },
  { ...strict, name: 'strict but for LF', bareLf: 'line end', size: 'loose' },
];
