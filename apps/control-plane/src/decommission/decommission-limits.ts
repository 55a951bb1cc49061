/** Times of decommissioning. The steps' time-outs hold for a cloud; on one machine each takes some seconds. */

/** The agent drops what it was told to drop within a heartbeat or two; a minute allows for one that is busy. */
export const letGoTimeoutMs = 60_000;
export const drainTimeoutMs = letGoTimeoutMs + 10_000;
/** Nothing announces that an agent has let go across processes in every case, so it is looked at this often. */
export const pollMs = 250;
/** A stamp's database holds some gigabytes at most; beyond an hour something hangs. */
export const snapshotTimeoutMs = 60 * 60_000;
/** Databases in a cloud take a quarter of an hour to go, with their last snapshot; twice that means that something hangs. */
export const destroyTimeoutMs = 30 * 60_000;
export const verifyTimeoutMs = 60_000;
export const buryTimeoutMs = 10_000;
/** Rows per read of a snapshot: some hundred kilobytes in memory at a time. */
export const rowsAtOnce = 500;
/** A server that does not answer within this is not merely slow. */
export const connectTimeoutMs = 10_000;
