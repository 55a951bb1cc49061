const nanosecondsPerMs = 1_000_000n;

/**
 * Milliseconds of the machine's monotonic clock, which all processes of a machine share (process.hrtime; CLOCK_MONOTONIC on Linux):
 * for deadlines that a parent tells a child. Means nothing on another machine or after a restart of this one.
 */
export const machineNowMs = (): number => Number(process.hrtime.bigint() / nanosecondsPerMs);
