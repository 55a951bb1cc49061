const reasonLengthMax = 500;

/** What is wrong with the reason of a command that asks for one, null where nothing is. */
export const reasonProblem = (reason: string): string | null =>
  reason === '' ? 'Say why: it stays in the audit log.' : reason.length > reasonLengthMax ? 'That is too long.' : null;
