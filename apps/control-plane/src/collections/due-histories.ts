/** A history of fewer changes has nothing to gain, and one that was begun anew for what it holds is not begun anew each round. */
const changesMin = 32;
/** Some 10 ms to open (10 µs a change, measured), in the one thread that opens all nested documents. */
const changesMax = 1_000;
/** Below it a row's other columns weigh as much. */
const historyBytesMin = 2_048;
/** Histories grow by 2 to 15 bytes a change: small documents come here after some hundred changes, and a proposal costs one of them. */
const historyPerContent = 4;
/** A quarter of the default budget of a document (32 KiB): larger documents must not meet it by what they were. */
const historyBytesLarge = 8_192;

/** Bytes of a nested document's history, and of all else in its row, which is what it holds. */
export const historyBytes = 'octet_length(automerge)';
const contentBytes = `(bytes - ${historyBytes})`;

/**
 * SQL condition: a nested document's history is long beside what it holds. A partial index has it (migration 50), so that documents which
 * are not due cost nothing: none of it changes without another index.
 */
export const isHistoryDue = `kind = 'document' AND (state->>'changes')::int > ${changesMin}
  AND ((state->>'changes')::int > ${changesMax} OR ${historyBytes} > ${historyBytesMin} AND ${historyBytes} > ${historyPerContent} * ${contentBytes}
       OR ${historyBytes} > ${historyBytesLarge} AND ${historyBytes} > ${contentBytes})`;
