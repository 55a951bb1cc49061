/** Times and sizes of the job machinery, in one place since they only make sense together. */

/** How long a worker may be silent before its job is given to another one: the longest pause after a kill -9. */
export const leaseMs = 10_000;
/** Three tries to renew fit into a lease, so that one slow query does not cost the job. */
export const leaseRenewMs = 3_000;
/** The worker itself gives up this much earlier than the lease ends, since its own timers may be late. */
export const leaseMarginMs = 1_500;
/** After a kill, the job is queued again at most this long after its lease has run out. */
export const reclaimIntervalMs = 1_000;
/** How often queued jobs are offered to the queue again, in case their message was lost. A no-op for those still queued there. */
export const requeueIntervalMs = 5_000;
/** Jobs per look of the reclaimer. More than this wait for the next look, a second later. */
export const reclaimBatchMax = 50;

/**
 * Workers that died or fell silent over a job one after the other, without getting a step done: the next one would too.
 * The job fails and goes to the dead letters, where a person looks at it.
 */
export const reclaimsMax = 10;
/** A cancelled or timed-out step gets this long to end in good order before it is cut off: a resource in hand may take some seconds. */
export const stopGraceMs = 20_000;
/** A worker that was told to end by force cuts the step off at once; one that has not let go after this loses the job. */
export const forcedGraceMs = 3_000;
/** The same when the whole process shuts down, which itself must end within 8 s (process/run-process.ts). */
export const shutdownGraceMs = 4_000;
/** The worker's own writes are tried again through a restart of Postgres for this long. */
export const writeRetryMs = 60_000;
export const writeRetryFirstMs = 100;
export const writeRetryMaxMs = 1_000;

/** Lines of progress are written in batches this often: short for an eye that watches, long enough to batch. */
export const reportFlushMs = 200;
/** At most one outbox event of progress per this time and job, beside those at the beginning and end of steps: tens, not thousands, cross the regions. */
export const progressEventMs = 1_000;
/** Lines that wait to be written; beyond, they are counted and dropped rather than held in memory. */
export const reportLinesMax = 500;
export const eventMessageLengthMax = 2_000;
/** Larger data on a line is left out: the line stays readable and the table small. */
export const eventDataBytesMax = 8_192;

/** Events per answer of the long poll; the caller asks again. */
export const eventsPageMax = 1_000;
